"""One backward resample: where each pixel of the new picture is found in the old one, and what is beyond its edge."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

SamplingMode = Literal["bicubic", "bilinear", "nearest"]
Border = Literal["wrap", "replicate", "border", "reflection", "zeros"]

TORCH_PADDING = {
    "wrap": "border",
    "replicate": "border",
    "border": "border",
    "reflection": "reflection",
    "zeros": "zeros",
}
REACH = 3  # pixels beyond the edge that a bicubic kernel may touch once coordinates are brought back into the picture


def sample(pixels: Tensor, x: Tensor, y: Tensor, *, mode: SamplingMode = "bicubic", border: Border = "wrap") -> Tensor:
    """`pixels` float32 [H, W, 3] in 0..255 looked up at columns `x` and rows `y`, both [h, w]: float32 [h, w, 3].

    Pixel centres are whole numbers, and at whole coordinates the values come back to the bit, so that standing still
    and shifting by whole pixels lose nothing. Beyond the edge the picture repeats ("wrap"), goes on with its edge
    ("replicate", in 3D settings "border"), is mirrored about its pixels' outer edge ("reflection") or is black
    ("zeros"). Bicubic is Keys' kernel with a = -0.75 as in torch and OpenCV; its overshoot is clipped to 0..255.
    """
    if mode == "nearest" or (_whole(x) and _whole(y)):
        return _looked_up(pixels, x.round().long(), y.round().long(), border)
    height, width = pixels.shape[:2]
    if border == "wrap":
        pixels = pixels[_around(height, pixels)][:, _around(width, pixels)]
        x, y = torch.remainder(x, width) + REACH, torch.remainder(y, height) + REACH
        height, width = pixels.shape[:2]
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
    found = F.grid_sample(
        pixels.permute(2, 0, 1)[None],
        grid[None].to(pixels.dtype),
        mode=mode,
        padding_mode=TORCH_PADDING[border],
        align_corners=False,
    )
    return found[0].permute(1, 2, 0).clamp(0, 255)


def _whole(values: Tensor) -> bool:
    return bool((values[:1] == values[:1].round()).all()) and bool((values == values.round()).all())


def _around(size: int, pixels: Tensor) -> Tensor:
    """The indices of a row of `size` pixels that repeats itself for `REACH` pixels at both ends."""
    return torch.arange(-REACH, size + REACH, device=pixels.device) % size


def _looked_up(pixels: Tensor, x: Tensor, y: Tensor, border: Border) -> Tensor:
    """The values at whole coordinates, no two of them mixed."""
    height, width = pixels.shape[:2]
    found = pixels[_inside(y, height, border), _inside(x, width, border)]
    if border == "zeros":
        within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        found = found * within[..., None]
    return found


def _inside(index: Tensor, size: int, border: Border) -> Tensor:
    if border == "wrap":
        return index % size
    if border == "reflection":
        turned = index % (2 * size)
        return torch.minimum(turned, 2 * size - 1 - turned)
    return index.clamp(0, size - 1)
