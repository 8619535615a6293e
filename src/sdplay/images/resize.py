"""Pictures at a larger size, by resampling alone."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sdplay.images.read import Pixels


def stretched(pixels: Pixels, width: int, height: int) -> Pixels:
    """`pixels` at another size, resampled with Lanczos' kernel of three lobes; nothing is cut off."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
