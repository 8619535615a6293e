"""What a model's files say without being loaded: how large each component is, what it predicts, its licence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from sdplay.families import ARCHITECTURES
from sdplay.families.common.detect import component_tensors, detect_file, detect_folder
from sdplay.files.model_files import TensorEntry, read_header, read_json
from sdplay.files.regular import read_regular_text

NAMES = {"unet": "network", "vae": "VAE"}  # others are called by their component's name
TELLING = (  # the name of a telling tensor, which of its sides tells, and what that side is
    (r"input_blocks\.0\.0\.weight|conv_in\.weight", 1, "{} channels in"),
    (r".*attn2\.to_k\.weight", 1, "texts {} wide"),
    (r"post_quant_conv\.weight", 0, "{} channels"),
    (r".*token_embedding\.weight", 0, "{} tokens"),
    (r".*token_embedding\.weight", 1, "{} wide"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentInfo:
    """One of a model's networks: its number of weights, their number formats, and its telling sides in words."""

    name: str
    weights: int
    formats: tuple[str, ...]
    sides: tuple[str, ...]

    def __str__(self) -> str:
        formats = "/".join(self.formats)
        return ", ".join([f"{self.weights / 1e6:.1f} million weights in {formats}", *self.sides])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """The parts, what the network predicts, the bytes on disk, and the licence if the files name one."""

    parts: tuple[ComponentInfo, ...]
    prediction: str
    size: int
    licence: str | None


def read_model_info(path: Path) -> ModelInfo:
    """Look at the diffusers folder or single file at `path`; raises `ModelBroken` for files that cannot be read."""
    if path.is_dir():
        kind = detect_folder(path, ARCHITECTURES)
        size = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
        scheduler, licence = path / "scheduler" / "scheduler_config.json", _licence_in(path / "README.md")
        prediction = read_json(scheduler).get("prediction_type", "epsilon") if scheduler.is_file() else "epsilon"
    else:
        kind, size = detect_file(path, ARCHITECTURES), path.stat().st_size
        prediction, licence = kind.prediction, read_header(path).metadata.get("modelspec.license")
    parts = tuple(_part(*part) for part in component_tensors(path, kind.architecture).items() if part[1])
    return ModelInfo(parts=parts, prediction=str(prediction), size=size, licence=licence)


def _part(component: str, tensors: Mapping[str, TensorEntry]) -> ComponentInfo:
    sides: list[str] = []
    for pattern, side, words in TELLING:
        shape = next((entry.shape for name, entry in tensors.items() if re.fullmatch(pattern, name)), ())
        if len(shape) > side:
            sides.append(words.format(shape[side]))
    return ComponentInfo(
        name=NAMES.get(component, component.replace("_", " ")),
        weights=sum(prod(entry.shape) for entry in tensors.values()),
        formats=tuple(sorted({entry.dtype for entry in tensors.values()})),
        sides=tuple(sides),
    )


def _licence_in(card: Path) -> str | None:
    """What the front matter of a hub card names as licence; None if there is no card, or it names none."""
    import yaml

    try:
        text = read_regular_text(card)
        found = yaml.safe_load(text.split("---", 2)[1]) if text.startswith("---") else None
    except (OSError, ValueError, IndexError, yaml.YAMLError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    entries = cast(dict[str, Any], found)
    named = entries.get("license_name") if entries.get("license") == "other" else entries.get("license")
    return str(named) if named else None
