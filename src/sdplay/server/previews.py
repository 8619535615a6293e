"""Small pictures as clients are sent them: what is emerging, and thumbnails of what is finished."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PREVIEW_SIDE = 256
THUMBNAIL_SIDE = 320


def preview_data(pixels: NDArray[np.uint8]) -> str:
    """uint8 [height, width, 3] as a data address of a small JPEG."""
    image = Image.fromarray(pixels)
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def thumbnail(image: Image.Image) -> bytes:
    """The WebP file of a small `image`."""
    return small_webp(image, THUMBNAIL_SIDE)


def small_webp(image: Image.Image, side: int) -> bytes:
    """The WebP file of `image` with up to `side` pixels a side."""
    small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
