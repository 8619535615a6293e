"""From a family's name to the loaded model; the families themselves do not know each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sdplay.core.errors import UnknownName
from sdplay.engines.device import Placement
from sdplay.families.base import Family
from sdplay.families.sd.model import load_sd
from sdplay.families.sdxl.model import load_sdxl

LOADERS: dict[str, Callable[[Path, Placement, Path | None], Family]] = {"sd": load_sd, "sdxl": load_sdxl}


def load_family(name: str, path: Path, placement: Placement, codec: Path | None = None) -> Family:
    """Load the model at `path` as one of family `name`, with the codec at `codec` where that is not the model's own.

    Raises `ModelBroken` for files that are no usable model.
    """
    if name not in LOADERS:
        raise UnknownName("family", name, LOADERS)
    return LOADERS[name](path, placement, codec)
