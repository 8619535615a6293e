"""How large a model's networks are, told from its files without loading them: what a memory plan is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.library.detect import UNET, detect_file, read_json, weight_files
from sdplay.library.header import read_header
from sdplay.library.layout import unet_config, vae_config
from sdplay.library.model_info import IN_ONE_FILE, XL_TEXTS
from sdplay.library.resolve import ResolvedModel

CODEC = "first_stage_model."
UP = re.compile(r"(?<=[._])(up|B)(?=(?:\.default)?\.weight$)")  # the end of a name in the layouts of LoRAs
DOWN = {"up": "down", "B": "A"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnetSize:
    """A network's number of weights, its channels at each resolution from the largest, its layers at each, and at
    which of them it attends.
    """

    weights: int
    widths: tuple[int, ...]
    layers_per_block: int
    attends: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaeSize:
    """The same of a codec, which attends at its smallest resolution alone."""

    weights: int
    widths: tuple[int, ...]
    layers_per_block: int

    @property
    def scale_factor(self) -> int:
        """Pixels to a latent, along a side."""
        return 2 ** (len(self.widths) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """The sizes of all networks; of text encoders the number of weights is enough.

    `beside` is how many numbers stand by for the network at work: the weights of ControlNets, and what the layers that
    LoRAs change were before.
    """

    unet: UnetSize
    vae: VaeSize
    text_encoders: tuple[int, ...]
    add_ons: int = 0


def memory_figures(model: ResolvedModel) -> ModelSize:
    """The sizes of `model` with what is added to it; raises `ModelBroken` as `model_size` does."""
    added = sum(_numbers(one.path) for one in model.add_ons if one.identity.kind == "controlnet")
    changed = [changed_by(_shapes(one.path)) for one in model.add_ons if one.identity.kind == "lora"]
    return replace(read_model_size(model.path), add_ons=added + max(changed, default=0))


def changed_by(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many weights of a model a LoRA with tensors of these `shapes` changes: up [out, r] times down [r, in, …]."""
    pairs = ((shape, shapes.get(UP.sub(lambda found: DOWN[found[1]], name))) for name, shape in shapes.items())
    return sum(up[0] * prod(down[1:]) for up, down in pairs if down is not None and up is not down)


def read_model_size(path: Path) -> ModelSize:
    """The sizes of the diffusers folder or single file at `path`; raises `ModelBroken` where its files do not tell."""
    try:
        return _of_folder(path) if path.is_dir() else _of_file(path)
    except (KeyError, TypeError, ValueError, StopIteration, IndexError) as error:
        reason = f"its files do not tell how large it is: {type(error).__name__}: {error}"
        raise ModelBroken(reason, field="model", value=str(path), hint="fetch the model again") from None


def _of_folder(folder: Path) -> ModelSize:
    texts = [name for name in ("text_encoder", "text_encoder_2") if (folder / name).is_dir()]
    return ModelSize(
        unet=_network(_weights(folder / "unet"), read_json(folder / "unet" / "config.json")),
        vae=_codec(_weights(folder / "vae"), read_json(folder / "vae" / "config.json")),
        text_encoders=tuple(_weights(folder / name) for name in texts),
    )


def _weights(part: Path) -> int:
    numbers = _numbers(part)
    if not numbers:
        raise ValueError(f"there are no weights in {part.name}")
    return numbers


def _numbers(path: Path) -> int:
    """How many numbers there are in a file of weights, or in those of a folder."""
    return sum(_count(_shapes(file)) for file in (weight_files(path) if path.is_dir() else [path]))


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    return {name: entry.shape for name, entry in read_header(file).tensors.items()}


def _of_file(path: Path) -> ModelSize:
    shapes = _shapes(path)
    base = detect_file(path).base
    network, codec = _below(shapes, UNET), _below(shapes, CODEC)
    texts = XL_TEXTS.values() if base == "sdxl" else (IN_ONE_FILE["text encoder"],)
    return ModelSize(
        unet=_network(_count(network), unet_config(network, base)),
        vae=_codec(_count(codec), vae_config(codec, base)),
        text_encoders=tuple(_count(_below(shapes, prefix)) for prefix in texts),
    )


def _below(shapes: Mapping[str, tuple[int, ...]], prefix: str) -> dict[str, tuple[int, ...]]:
    return {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}


def _count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    return sum(prod(shape) for shape in shapes.values())


def _network(weights: int, config: Mapping[str, Any]) -> UnetSize:
    layers: int | list[int] = config.get("layers_per_block", 2)
    return UnetSize(
        weights=weights,
        widths=tuple(int(width) for width in config["block_out_channels"]),
        layers_per_block=max(layers) if isinstance(layers, list) else int(layers),
        attends=tuple("CrossAttn" in kind for kind in config["down_block_types"]),
    )


def _codec(weights: int, config: Mapping[str, Any]) -> VaeSize:
    widths = tuple(int(width) for width in config["block_out_channels"])
    return VaeSize(weights=weights, widths=widths, layers_per_block=int(config.get("layers_per_block", 2)))
