"""The flat camera: turning, zooming and shifting a picture by one 3x3 matrix and one resample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.film.camera.resample import Border, SamplingMode, sample

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
    found = about_centre @ shift
    if not np.isfinite(found).all():
        raise BadRequest("is no finite move", field="translation, angle or zoom", value=move)
    return found


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
