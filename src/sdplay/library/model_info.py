"""What a model's files tell about it without being loaded: how large each part is, what it predicts, its licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from sdplay.library.detect import detect_file, read_json, weight_files
from sdplay.library.header import Header, TensorEntry, read_header

IN_ONE_FILE = {"network": "model.diffusion_model.", "codec": "first_stage_model.", "text encoder": "cond_stage_model."}
XL_TEXTS = {"text encoder": "conditioner.embedders.0.", "text encoder 2": "conditioner.embedders.1."}
IN_A_FOLDER = {
    "network": "unet",
    "codec": "vae",
    "text encoder": "text_encoder",
    "text encoder 2": "text_encoder_2",
}
TELLING = (  # how the name of a telling tensor ends, which of its sides tells, and what that side is
    ("input_blocks.0.0.weight", 1, "{} channels in"),
    ("attn2.to_k.weight", 1, "texts {} wide"),
    ("post_quant_conv.weight", 0, "{} channels"),
    ("token_embedding.weight", 0, "{} tokens"),
    ("token_embedding.weight", 1, "{} wide"),
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
    """The parts, what the network predicts, the bytes on disk, and the licence where the files name one."""

    parts: tuple[ComponentInfo, ...]
    prediction: str
    size: int
    licence: str | None


def read_model_info(path: Path) -> ModelInfo:
    """Look at the diffusers folder or single file at `path`; raises `ModelBroken` for files that cannot be read."""
    return _of_folder(path) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> ModelInfo:
    header = read_header(path)
    texts = XL_TEXTS if any(name.startswith(XL_TEXTS["text encoder"]) for name in header.tensors) else {}
    parts = [
        _part(part, {name: entry for name, entry in header.tensors.items() if name.startswith(prefix)})
        for part, prefix in (IN_ONE_FILE | texts).items()
    ]
    return ModelInfo(
        parts=tuple(part for part in parts if part.weights),
        prediction=detect_file(path).prediction,
        size=path.stat().st_size,
        licence=header.metadata.get("modelspec.license"),
    )


def _of_folder(folder: Path) -> ModelInfo:
    parts: list[ComponentInfo] = []
    for part, name in IN_A_FOLDER.items():
        tensors = _together(read_header(file) for file in weight_files(folder / name))
        if tensors:
            parts.append(_part(part, tensors, {"conv_in.weight": "input_blocks.0.0.weight"} if name == "unet" else {}))
    scheduler = folder / "scheduler" / "scheduler_config.json"
    return ModelInfo(
        parts=tuple(parts),
        prediction=str(read_json(scheduler).get("prediction_type", "epsilon")) if scheduler.is_file() else "epsilon",
        size=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        licence=_licence_in(folder / "README.md"),
    )


def _together(headers: Iterable[Header]) -> dict[str, TensorEntry]:
    return {name: entry for header in headers for name, entry in header.tensors.items()}


def _part(name: str, tensors: Mapping[str, TensorEntry], called: Mapping[str, str] | None = None) -> ComponentInfo:
    """The part made of `tensors`; `called` gives some of them the names that the original releases have for them."""
    sides: list[str] = []
    for end, side, words in TELLING:
        of_that_name = (e.shape for key, e in tensors.items() if (called or {}).get(key, key).endswith(end))
        shape = next(of_that_name, ())
        if len(shape) > side:
            sides.append(words.format(shape[side]))
    return ComponentInfo(
        name=name,
        weights=sum(prod(entry.shape) for entry in tensors.values()),
        formats=tuple(sorted({entry.dtype for entry in tensors.values()})),
        sides=tuple(sides),
    )


def _licence_in(card: Path) -> str | None:
    """What the front matter of a hub card names as licence; None where there is no card, or none is named."""
    import yaml

    try:
        text = card.read_text(encoding="utf-8")
        found = yaml.safe_load(text.split("---", 2)[1]) if text.startswith("---") else None
    except (OSError, ValueError, IndexError, yaml.YAMLError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    entries = cast(dict[str, Any], found)
    named = entries.get("license_name") if entries.get("license") == "other" else entries.get("license")
    return str(named) if named else None
