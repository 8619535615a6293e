"""What a ControlNet is shown: the given picture at the size that is drawn, or its edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdplay.images.canny import canny
from sdplay.images.read import Pixels, read_image

ROLE = "control_image"
NEAR = 32  # levels from black or white that a map of edges may have, from being made smaller or stored as JPEG
FEW_BETWEEN, MOST_LINES = 0.1, 0.35  # shares of a map's pixels: those that are neither, and those that are white


def edges_of(pixels: Pixels, low: int, high: int) -> Pixels:
    """The edges of a picture, as one: uint8 [H, W, 3], white on black."""
    return np.repeat(canny(pixels, low, high)[..., None], 3, axis=2)


def is_map(pixels: Pixels) -> bool:
    """Whether a picture uint8 [H, W, 3] is a map of edges already: gray, nearly all of it black, the rest white."""
    values = pixels.astype(np.int16)
    if int(np.ptp(values, axis=2).max()) > NEAR:
        return False
    light = values.mean(axis=2)
    white, black = float((light >= 255 - NEAR).mean()), float((light <= NEAR).mean())
    return 0 < white <= MOST_LINES and white + black >= 1 - FEW_BETWEEN


def holds_map(path: str) -> bool:
    """`is_map` of the picture in the file `path`; raises `BadRequest` where there is none."""
    return is_map(read_image(Path(path), ROLE))
