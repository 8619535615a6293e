"""Gaussian blur, in floating point, and resizing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.images.read import Pixels

Floats = NDArray[np.float32]


def gaussian(values: Floats, *, sigma: float, kernel: int) -> Floats:
    """`values` [H, W] or [H, W, C] blurred with a Gaussian of `sigma` pixels, cut to `kernel` (odd) pixels.

    The edge is mirrored about its own pixel (as OpenCV does), so that even surfaces stay as they are.
    """
    reach = kernel // 2
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        size = values.shape[axis]
        around = [(0, 0)] * values.ndim
        around[axis] = (reach, reach)
        wide = np.pad(values, around, mode="reflect" if size > 1 else "edge")
        index = [slice(None)] * values.ndim
        blurred = np.zeros_like(values)
        for start, weight in enumerate(weights):
            index[axis] = slice(start, start + size)
            blurred += weight * wide[tuple(index)]
        values = blurred
    return values


def resize_lanczos(pixels: Pixels, width: int, height: int) -> Pixels:
    """`pixels` at another size, resampled with Lanczos' kernel of three lobes; nothing is cut off."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
