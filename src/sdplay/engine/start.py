"""What a frame starts from: nothing, or somebody's picture brought into the model's latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.artifact import pixel_digest
from sdplay.core.errors import BadRequest
from sdplay.core.frame import Asset, Blank, FromImage, Init, Repaint
from sdplay.core.recipe import Recipe
from sdplay.core.request import Fill
from sdplay.diffusion.denoiser import Denoiser
from sdplay.diffusion.masked import MaskedDenoiser
from sdplay.diffusion.noise import NoiseAt
from sdplay.diffusion.schedule import Ladder
from sdplay.families.base import Family
from sdplay.imaging.image import padded, read_image, resized
from sdplay.imaging.mask import Mask, bounding_box, pasted, read_mask, shaped

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A frame's beginning and end. Latents are [C, h, w]; None of a field: the frame has no such thing.

    `known` are the latents of the given picture, `mask` [1, h, w] is 1 where to repaint, `fill` says what the repainted
    part starts from. `seen` are the extra channels of a model made for inpainting: the mask, then the latents of the
    picture with the masked part grayed out. `finish` turns drawn pixels into the picture that is handed over.
    """

    finish: Callable[[Pixels], Pixels]
    strength: float = 1.0
    known: Tensor | None = None
    mask: Tensor | None = None
    fill: Fill = "original"
    seen: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture with its mask (None: all of it is drawn), and which box of it is drawn at the recipe's size."""

    pixels: Pixels
    mask: Mask | None
    box: Box

    def crop(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        left, top, right, bottom = self.box
        return values[top:bottom, left:right]


class Starts:
    """Prepares starts for one recipe and family; the last one is remembered, since most batches share it."""

    def __init__(self, recipe: Recipe, family: Family) -> None:
        self.recipe, self.family = recipe, family
        self._last: tuple[Init, Start] | None = None

    def __call__(self, init: Init) -> Start:
        if self._last is None or self._last[0] != init:
            self._last = (init, self._prepare(init))
        return self._last[1]

    def _prepare(self, init: Init) -> Start:
        size = (self.recipe.width, self.recipe.height)
        if isinstance(init, Blank):
            return Start(finish=partial(cut, size=size))
        canvas = lay_out(init, size)
        pixels = resized(canvas.crop(canvas.pixels), *size)
        known = self.family.encode(signal(padded(pixels, self.family.factor)))[0]
        if canvas.mask is None:
            return Start(finish=partial(cut, size=size), strength=init.strength, known=known)
        assert init.repaint is not None
        mask = padded(resized_mask(canvas.crop(canvas.mask), *size), self.family.factor)
        blocks = latent_mask(mask, self.family.factor)
        seen = None
        if self.family.sees_mask:
            gray = np.where(mask[..., None] >= 128, np.uint8(128), padded(pixels, self.family.factor))
            seen = torch.cat([blocks, self.family.encode(signal(gray))[0]])
        return Start(
            finish=partial(paste_back, canvas=canvas, size=size),
            strength=init.strength,
            known=known,
            mask=blocks,
            fill=init.repaint.fill,
            seen=seen,
        )


def lay_out(init: FromImage, size: tuple[int, int]) -> Canvas:
    """Read picture and mask, extend the borders, and choose the box that is drawn."""
    pixels = read_asset(init.image, "image")
    repaint = init.repaint
    if repaint is None:
        return Canvas(pixels, None, (0, 0, pixels.shape[1], pixels.shape[0]))
    mask = painted_mask(init.image, repaint)
    left, top, right, bottom = repaint.borders
    pixels = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode="edge")
    height, width = mask.shape
    whole = (0, 0, width, height)
    if repaint.padding is None:
        if (width, height) != size:
            return Canvas(resized(pixels, *size), resized_mask(mask, *size), (0, 0, *size))
        return Canvas(pixels, mask, whole)
    box = bounding_box(mask, repaint.padding)
    return Canvas(pixels, mask, proportioned(box, size, (width, height)) if box else whole)


def painted_mask(image: Asset, repaint: Repaint) -> Mask:
    """The mask over the extended picture: shaped inside, and white beyond the old edges.

    It reaches a little into the picture there (as far as the blur does), so that no seam is left.
    """
    if repaint.mask is None:
        inside = np.zeros((image.height, image.width), np.uint8)
    else:
        given = read_mask(Path(repaint.mask.path), (image.width, image.height))
        inside = shaped(given, invert=repaint.invert, grow=repaint.grow, blur=0)
    left, top, right, bottom = repaint.borders
    whole = np.pad(inside, ((top, bottom), (left, right)), constant_values=255)
    return shaped(whole, blur=repaint.blur)


def read_asset(asset: Asset, field: str) -> Pixels:
    """The asset's pixels; raises `BadRequest` when the file is gone or holds another picture than the recipe says."""
    pixels = read_image(Path(asset.path), field)
    if pixel_digest(pixels) != asset.digest:
        reason = "holds another picture than when the recipe was made"
        raise BadRequest(reason, field=field, value=asset.path, hint="give the picture it was made from")
    return pixels


def proportioned(box: Box, size: tuple[int, int], whole: tuple[int, int]) -> Box:
    """`box` grown to the proportions of `size` (width, height) as far as the picture `whole` has room."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    wanted = (max(width, round(height * size[0] / size[1])), max(height, round(width * size[1] / size[0])))
    sides: list[tuple[int, int]] = []
    for low, high, want, most in ((left, right, wanted[0], whole[0]), (top, bottom, wanted[1], whole[1])):
        length = min(want, most)
        begin = min(max(0, (low + high - length) // 2), most - length)
        sides.append((begin, begin + length))
    return sides[0][0], sides[1][0], sides[0][1], sides[1][1]


def signal(pixels: Pixels) -> Tensor:
    """uint8 [H, W, 3] as the codec reads it: [1, 3, H, W] in −1..1."""
    return torch.as_tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def resized_mask(mask: Mask, width: int, height: int) -> Mask:
    return resized(np.repeat(mask[..., None], 3, axis=2), width, height)[..., 0]


def latent_mask(mask: Mask, factor: int) -> Tensor:
    """1 for every latent whose block of pixels is at least half white anywhere, else 0; float32 [1, h, w]."""
    height, width = mask.shape
    blocks = mask.reshape(height // factor, factor, width // factor, factor).max(axis=(1, 3))
    return torch.as_tensor(blocks >= 128).float()[None]


def cut(drawn: Pixels, size: tuple[int, int]) -> Pixels:
    """`drawn` without the padding."""
    return np.ascontiguousarray(drawn[: size[1], : size[0]])


def paste_back(drawn: Pixels, canvas: Canvas, size: tuple[int, int]) -> Pixels:
    """`drawn` brought to its box and laid over the canvas; where the mask is black the canvas keeps its bytes."""
    assert canvas.mask is not None
    left, top, right, bottom = canvas.box
    part = resized(cut(drawn, size), right - left, bottom - top)
    whole = canvas.pixels.copy()
    whole[top:bottom, left:right] = part
    return pasted(canvas.pixels, whole, canvas.mask)


def begin(starts: Sequence[Start], noise: NoiseAt, levels: Ladder, fill_draw: int) -> Tensor:
    """x at the top of `levels`: noise alone, or known + sigma·noise where a picture is started from.

    `noise()` is each picture's starting noise and `noise(fill_draw)` another draw of it, for `fill="noise"`.
    """
    first = noise(None)
    rows: list[Tensor] = []
    for row, start in enumerate(starts):
        if start.known is None or start.strength == 1:
            rows.append(first[row] * levels.start_scale)
            continue
        known = start.known
        if start.mask is not None and start.fill != "original":
            inside = noise(fill_draw)[row] if start.fill == "noise" else torch.zeros_like(known)
            known = known + start.mask * (inside - known)
        rows.append(known + first[row] * levels.sigmas[0])
    return torch.stack(rows)


def held(denoiser: Denoiser, starts: Sequence[Start]) -> Denoiser:
    """`denoiser` that keeps what lies outside the masks, where there are masks."""
    if starts[0].mask is None:
        return denoiser
    masks = torch.stack([start.mask for start in starts if start.mask is not None])
    return MaskedDenoiser(denoiser, masks, torch.stack([s.known for s in starts if s.known is not None]))


def seen_by(starts: Sequence[Start]) -> Tensor | None:
    """The extra channels of a tile [B, 1 + C, h, w], None for ordinary models."""
    seen = [start.seen for start in starts if start.seen is not None]
    return torch.stack(seen) if seen else None
