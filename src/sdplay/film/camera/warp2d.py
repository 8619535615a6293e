"""The flat camera: turning, zooming and shifting a picture by one 3x3 matrix and one resample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import BadRequest

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

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move2D:
    """One frame's move: `angle` in degrees, + being counter-clockwise on screen; `zoom` a factor, above 1 going in;
    `translation_x` and `translation_y` in pixels, + moving the picture right and down; the centre as a share of the
    picture's size.
    """

    angle: float = 0.0
    zoom: float = 1.0
    translation_x: float = 0.0
    translation_y: float = 0.0
    center_x: float = 0.5
    center_y: float = 0.5


def matrix(move: Move2D, width: int, height: int) -> Matrix:
    """The forward matrix of `move`, float64 [3, 3]: where the pixel at column x and row y, (x, y, 1), goes.

    It translates first, then rotates and scales about the centre, so that a translation is turned and scaled as well.
    Moves that follow one another are the product of their matrices, the last one leftmost. Raises `BadRequest` for a
    zoom that is not above 0, and for a number that is not finite.
    """
    if not move.zoom > 0:
        hint = "zoom is a factor: 1 stands still, above 1 goes in, below 1 goes out"
        raise BadRequest("must be above 0", field="zoom", value=move.zoom, hint=hint)
    turn, x, y = math.radians(move.angle), width * move.center_x, height * move.center_y
    along, across = move.zoom * math.cos(turn), move.zoom * math.sin(turn)
    about_centre = np.array(
        [
            [along, across, (1 - along) * x - across * y],
            [-across, along, across * x + (1 - along) * y],
            [0, 0, 1],
        ]
    )
    shift = np.array([[1, 0, move.translation_x], [0, 1, move.translation_y], [0, 0, 1]])
    forward = about_centre @ shift
    if not np.isfinite(forward).all():
        raise BadRequest("is no finite move", field="translation, angle or zoom", value=move)
    return forward


def warp2d(
    pixels: Tensor, forward: Matrix, *, sampling_mode: SamplingMode = "bicubic", border: Border = "wrap"
) -> Tensor:
    """`pixels` float32 [H, W, 3] in 0..255 moved by the affine matrix `forward`, in one resample.

    The identity, and shifts by whole pixels, are exact. Raises `numpy.linalg.LinAlgError` for a matrix that squeezes
    the picture flat, which no product of `matrix` does.
    """
    height, width = pixels.shape[:2]
    back = np.linalg.inv(forward)
    columns, rows = np.arange(width), np.arange(height)

    def coordinate(axis: int) -> Tensor:
        # In float64 as far as the rows and columns alone; their sum in float32 is good to 1/30000 pixel.
        by_column = torch.from_numpy(back[axis, 0] * columns).to(pixels.device, torch.float32)
        by_row = torch.from_numpy(back[axis, 1] * rows + back[axis, 2]).to(pixels.device, torch.float32)
        return by_row[:, None] + by_column

    return sample(pixels, coordinate(0), coordinate(1), mode=sampling_mode, border=border)


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
    sampled = F.grid_sample(
        pixels.permute(2, 0, 1)[None],
        grid[None].to(pixels.dtype),
        mode=mode,
        padding_mode=TORCH_PADDING[border],
        align_corners=False,
    )
    return sampled[0].permute(1, 2, 0).clamp(0, 255)


def _whole(values: Tensor) -> bool:
    return bool((values[:1] == values[:1].round()).all()) and bool((values == values.round()).all())


def _around(size: int, pixels: Tensor) -> Tensor:
    """The indices of a row of `size` pixels that repeats itself for `REACH` pixels at both ends."""
    return torch.arange(-REACH, size + REACH, device=pixels.device) % size


def _looked_up(pixels: Tensor, x: Tensor, y: Tensor, border: Border) -> Tensor:
    """The values at whole coordinates, no two of them mixed."""
    height, width = pixels.shape[:2]
    values = pixels[_inside(y, height, border), _inside(x, width, border)]
    if border == "zeros":
        within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        values = values * within[..., None]
    return values


def _inside(index: Tensor, size: int, border: Border) -> Tensor:
    if border == "wrap":
        return index % size
    if border == "reflection":
        turned = index % (2 * size)
        return torch.minimum(turned, 2 * size - 1 - turned)
    return index.clamp(0, size - 1)
