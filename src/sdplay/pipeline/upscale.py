"""Upscale a picture: by a network, tile by tile, or by resampling alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from sdplay.core.errors import NotReproduced
from sdplay.families.common.ncnn import NcnnNetwork, read_ncnn
from sdplay.images.filters import resize_lanczos
from sdplay.images.read import Pixels
from sdplay.library.upscalers import LANCZOS, upscaler_digest, upscaler_files
from sdplay.pipeline.render import inference
from sdplay.requests.enlarge import scale_of
from sdplay.requests.recipe import Enlargement

TILE, HALO = 192, 32  # pixels of the small picture: a tile, and the border that is computed around it
Box = tuple[int, int, int, int]


def upscale_picture(pixels: Pixels, size: tuple[int, int], upscaler: str) -> tuple[Pixels, str]:
    """(`pixels` at `size` (width, height), the sha256 of the network or "" if there was none); the proportions stay.

    A network upscales by a whole number; the result is resampled to `size`. Raises `BadRequest` if its weights are
    missing, `ModelBroken` and `MemoryFailed`.
    """
    if upscaler == LANCZOS:
        return resize_lanczos(pixels, *size), ""
    files = upscaler_files(upscaler, max(size[0] / pixels.shape[1], size[1] / pixels.shape[0]))
    network = read_ncnn(files.param, files.weights)
    return resize_lanczos(upscale_tiled(network, files.scale, pixels), *size), upscaler_digest(files)


def enlarged(pixels: Pixels, larger: Enlargement) -> Pixels:
    """A finished picture, uint8 [H, W, 3], at the size that its recipe says; where the proportions are others, with
    margins.

    Raises `NotReproduced` where the network is not the one that the recipe names, and as `upscale_picture` does.
    """
    drawn, asked = (pixels.shape[1], pixels.shape[0]), (larger.width, larger.height)
    scale = scale_of(drawn, asked)
    width, height = (min(round(side * scale), most) for side, most in zip(drawn, asked, strict=True))
    if scale != 1:
        pixels, weights = upscale_picture(pixels, (width, height), larger.upscaler)
        if weights != larger.weights:
            raise NotReproduced(
                f"the network {larger.upscaler!r} is not the one that enlarged it "
                f"(sha256 {weights[:10]}, then {larger.weights[:10]})"
            )
    return with_margins(pixels, *asked)


def with_margins(pixels: Pixels, width: int, height: int) -> Pixels:
    """`pixels` in the middle of a picture of that size; each margin has the usual colour of the edge beside it."""
    for axis, side in ((0, height), (1, width)):
        space = side - pixels.shape[axis]
        margins = margin(pixels, axis, 0, space // 2), margin(pixels, axis, -1, space - space // 2)
        pixels = np.concatenate([margins[0], pixels, margins[1]], axis)
    return pixels


def margin(pixels: Pixels, axis: int, edge: int, thickness: int) -> Pixels:
    colour = np.median(pixels.take(edge, axis), axis=0).astype(np.uint8)
    shape = [thickness if each == axis else side for each, side in enumerate(pixels.shape)]
    return np.broadcast_to(colour, shape)


def upscale_tiled(network: NcnnNetwork, scale: int, pixels: Pixels, tile: int = TILE, halo: int = HALO) -> Pixels:
    """`pixels` made `scale` times as large by the network, tile by tile, each with `halo` pixels around it."""
    height, width = pixels.shape[:2]
    whole = np.empty((height * scale, width * scale, 3), np.uint8)
    for box in boxes(width, height, tile):
        around = with_halo(box, halo, width, height)
        with inference(0):
            upscaled = network(picture(pixels, around)).clamp(0, 1)
            tile_pixels = (upscaled * 255).round().to(torch.uint8)[0].permute(1, 2, 0).numpy()
        whole[place(box, (0, 0), scale)] = tile_pixels[place(box, around[:2], scale)]
    return whole


def boxes(width: int, height: int, tile: int) -> Iterator[Box]:
    """Tiles (left, top, right, bottom) that cover each pixel once."""
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield left, top, min(left + tile, width), min(top + tile, height)


def with_halo(box: Box, halo: int, width: int, height: int) -> Box:
    """`box` grown by `halo`, within the picture."""
    left, top, right, bottom = box
    return max(left - halo, 0), max(top - halo, 0), min(right + halo, width), min(bottom + halo, height)


def place(box: Box, corner: tuple[int, int], scale: int) -> tuple[slice, slice]:
    """The rows and columns of `box`, counted from `corner` (left, top), in a picture `scale` times as large."""
    left, top, right, bottom = ((edge - corner[axis % 2]) * scale for axis, edge in enumerate(box))
    return slice(top, bottom), slice(left, right)


def picture(pixels: Pixels, box: Box) -> Tensor:
    """A part of uint8 [H, W, 3] as the network reads it: [1, 3, h, w] in 0..1."""
    left, top, right, bottom = box
    return torch.as_tensor(pixels[top:bottom, left:right]).permute(2, 0, 1)[None].float() / 255
