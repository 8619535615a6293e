"""The small decoder that previews of a model are made with, where there is one."""

from __future__ import annotations

from pathlib import Path

from sdplay.library.library import Library
from sdplay.library.resolve import ResolvedModel

OWN = "taesd_decoder.safetensors"  # in the folder of a model
# As published, for the latents of each family; any other file in such a folder is not for previews.
PUBLISHED = {"sd": "taesd_decoder", "sdxl": "taesdxl_decoder"}


def preview_decoder(model: ResolvedModel, library: Library) -> Path | None:
    """The file of the decoder that is in the folder of `model`, else in a folder of the `library` for such; None where
    there is none.
    """
    own = model.path / OWN
    if model.path.is_dir() and own.is_file():
        return own
    wanted = PUBLISHED.get(model.card.family)
    return next(
        (path for name, path in library.files("vae_approx") if name == wanted and path.suffix == ".safetensors"), None
    )
