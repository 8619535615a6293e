"""How large a model's networks are, from its files without loading them, and how many numbers they hold at work.

The networks are those of Rombach et al. 2022 (arXiv:2112.10752): a U-Net of residual blocks (He et al. 2016) that
attends at some of its resolutions, and a VAE of such blocks. The numbers at work are followed layer by layer: what
lives at a moment is what the code of the layers holds then; nothing is fitted to a model. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.core.identity import ResolvedAddOn
from sdplay.families.common.checkpoint_names import vae_names
from sdplay.families.common.component_config import read_config
from sdplay.families.common.detect import Architecture, Shapes, component_tensors, detect_file, detect_folder, shapes_of
from sdplay.families.common.layout import unet_config, vae_config
from sdplay.files.model_files import read_tensors, weight_files

UP = re.compile(r"(?<=[._])(up|B)(?=(?:\.default)?\.weight$)")  # the end of a name in the layouts of LoRAs
DOWN = {"up": "down", "B": "A"}
GATED = 19  # widths that a gated feed-forward layer (Shazeer 2020) holds: 8 projected, 4 gated, 4 left, and its inputs
KERNEL = 9  # weights of a 3×3 convolution for a pair of channels


@dataclass(frozen=True, slots=True, kw_only=True)
class VaeSize:
    """A VAE's number of weights, its channels at each resolution from the largest, and its layers at each.

    It attends at its smallest resolution alone.
    """

    weights: int
    widths: tuple[int, ...]
    layers_per_block: int

    @property
    def scale_factor(self) -> int:
        """Pixels to a latent, along a side."""
        return 2 ** (len(self.widths) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnetSize:
    """The same of a U-Net, and at which resolutions it attends."""

    weights: int
    widths: tuple[int, ...]
    layers_per_block: int
    attends: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """The sizes of all networks; of text encoders the number of weights is enough.

    `add_ons` is how many numbers stand by for the U-Net at work: the weights of ControlNets, and what the layers that
    LoRAs change were before.
    """

    unet: UnetSize
    vae: VaeSize
    text_encoders: tuple[int, ...]
    add_ons: int = 0


def read_model_size(path: Path, known: Sequence[Architecture], add_ons: Sequence[ResolvedAddOn] = ()) -> ModelSize:
    """The sizes of the diffusers folder or single file at `path`, with its add-ons.

    Raises `ModelBroken` if its files do not tell.
    """
    try:
        kind = detect_folder(path, known) if path.is_dir() else detect_file(path, known)
        tensors = {part: shapes_of(each) for part, each in component_tensors(path, kind.architecture).items()}
        own_vae = next((one.path for one in add_ons if one.identity.kind == "vae"), None)
        if own_vae is not None:
            tensors["vae"] = vae_names(_add_on_shapes(own_vae))
        counts = {part: _count(shapes) for part, shapes in tensors.items()}
        if not all(counts.values()):
            raise ValueError(f"there are no weights in {next(part for part, count in counts.items() if not count)}")
        if path.is_dir():
            unet = read_config(path / "unet")
            vae = read_config(path / "vae") if own_vae is None else vae_config(tensors["vae"])
        else:
            unet, vae = unet_config(tensors["unet"], kind.architecture), vae_config(tensors["vae"])
        return ModelSize(
            unet=_unet_size(counts.pop("unet"), unet),
            vae=VaeSize(weights=counts.pop("vae"), widths=_widths(vae), layers_per_block=_layers(vae)),
            text_encoders=tuple(counts.values()),
            add_ons=_add_on_numbers(add_ons),
        )
    except (KeyError, TypeError, ValueError, StopIteration, IndexError) as error:
        reason = f"its files do not tell how large it is: {type(error).__name__}: {error}"
        raise ModelBroken(reason, field="model", value=str(path), hint="fetch the model again") from None


def _unet_size(weights: int, config: Mapping[str, Any]) -> UnetSize:
    attends = tuple("CrossAttn" in kind for kind in config["down_block_types"])
    return UnetSize(weights=weights, widths=_widths(config), layers_per_block=_layers(config), attends=attends)


def _widths(config: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(width) for width in config["block_out_channels"])


def _layers(config: Mapping[str, Any]) -> int:
    layers: int | list[int] = config.get("layers_per_block", 2)
    return max(layers) if isinstance(layers, list) else int(layers)


def _count(shapes: Shapes) -> int:
    return sum(prod(shape) for shape in shapes.values())


def _add_on_numbers(add_ons: Sequence[ResolvedAddOn]) -> int:
    controlnets = [_add_on_shapes(one.path) for one in add_ons if one.identity.kind == "controlnet"]
    loras = [_add_on_shapes(one.path) for one in add_ons if one.identity.kind == "lora"]
    return sum(map(_count, controlnets)) + max(map(changed_by, loras), default=0)


def _add_on_shapes(path: Path) -> Shapes:
    return shapes_of(read_tensors(weight_files(path) if path.is_dir() else [path]))


def changed_by(shapes: Shapes) -> int:
    """How many weights of a model a LoRA with tensors of these `shapes` changes: up [out, r] times down [r, in, …]."""
    pairs = ((shape, shapes.get(UP.sub(lambda found: DOWN[found[1]], name))) for name, shape in shapes.items())
    return sum(up[0] * prod(down[1:]) for up, down in pairs if down is not None and up is not down)


def unet_activations(size: UnetSize, height: int, width: int, rows: int) -> int:
    """The most numbers at once for `rows` latents of `height` × `width`."""
    return max(_walk(size, height * width, rows), default=0)


def _walk(size: UnetSize, area: int, rows: int) -> Iterator[int]:
    """What lives at each step on the way down and up again; what was seen on the way down waits for the way up."""
    channels, waiting = size.widths[0], [size.widths[0] * area * rows]
    stages = list(zip(size.widths, size.attends, strict=True))
    for stage, (width, attends) in enumerate(stages):
        for _ in range(size.layers_per_block):
            yield sum(waiting) + layer(channels, width, area * rows, attends)
            channels = width
            waiting.append(width * area * rows)
        if stage < len(stages) - 1:
            area //= 4
            waiting.append(width * area * rows)
    yield sum(waiting) + layer(channels, channels, area * rows, attends=True)
    for width, attends in reversed(stages):
        level = [waiting.pop() for _ in range(size.layers_per_block + 1)]
        kept = sum(waiting) + sum(level)  # those of a stage are held until it is done
        for skipped in level:
            both = channels + skipped // max(area * rows, 1)
            yield kept + both * area * rows + layer(both, width, area * rows, attends)
            channels = width
        if waiting:
            area *= 4
            yield sum(waiting) + 2 * width * area * rows


def layer(before: int, after: int, pixels: int, attends: bool) -> int:
    """A residual block from `before` to `after` channels, and what attends behind it: beside what it is given."""
    weights = KERNEL * before * after  # laid out again by the convolution while it runs
    residual = pixels * max(2 * before, before + after, 4 * after) + weights
    return max(residual, GATED * after * pixels if attends else 0)


def decoder_activations(size: VaeSize, height: int, width: int, rows: int) -> int:
    """The most numbers at once when latents of `height` × `width` are decoded whole."""
    return max(_decoding(size, height * width * rows))


def _decoding(size: VaeSize, pixels: int) -> Iterator[int]:
    """Each block holds what it is given, its norm and its activation; each enlargement what it makes, twice."""
    channels = size.widths[-1]
    for stage, width in enumerate(reversed(size.widths)):
        yield pixels * channels + layer(channels, width, pixels, attends=False)
        channels = width
        if stage < len(size.widths) - 1:
            pixels *= 4
            yield 2 * pixels * width


def tiled_decoder_activations(size: VaeSize, height: int, width: int, tile: int) -> int:
    """The same for decoding in tiles of `tile` pixels, one picture at a time, the first stage whole."""
    if max(height, width) * size.scale_factor <= tile:
        return decoder_activations(size, height, width, 1)
    halo = reach(size)
    sides = (min(length * size.scale_factor, tile + 2 * halo) / size.scale_factor for length in (height, width))
    tall, wide = sides
    first = VaeSize(weights=0, widths=size.widths[-2:], layers_per_block=size.layers_per_block)
    whole = 3 * height * width * size.scale_factor**2 + 4 * height * width * size.widths[-1]
    return max(
        decoder_activations(first, height, width, 1), whole + decoder_activations(size, round(tall), round(wide), 1)
    )


def reach(size: VaeSize) -> int:
    """How many pixels around a tile are computed along: as far as the convolutions behind the first stage look."""
    pixels, step = 1, 1
    for stage in range(len(size.widths) - 1):
        step = step * 2 if stage else step
        pixels += (step // 2 if stage else 0) + 2 * (size.layers_per_block + 1) * step
    return pixels


def encoder_activations(size: VaeSize, height: int, width: int) -> int:
    """The most numbers at once when a picture that makes latents of `height` × `width` is encoded."""
    pixels, before, peak = height * width * size.scale_factor**2, size.widths[0], 0
    for channels in size.widths:
        peak = max(peak, pixels * before + layer(before, channels, pixels, attends=False))
        before, pixels = channels, pixels // 4
    return peak
