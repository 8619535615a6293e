"""What comes out: a picture in memory, and the same picture as a file."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdplay.requests.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image


def pixel_digest(pixels: NDArray[np.uint8]) -> str:
    """sha256 over size and values, hex: equal exactly when two pictures are."""
    height, width = pixels.shape[:2]
    return hashlib.sha256(f"{width}x{height}:".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Picture `index` of `recipe`: `pixels` is uint8 [height, width, 3], sRGB. Shows itself in a notebook."""

    pixels: NDArray[np.uint8]
    recipe: Recipe
    index: int
    seconds: float

    @property
    def seed(self) -> int:
        return self.recipe.seed + self.index

    @property
    def digest(self) -> str:
        """The `pixel_digest` of the picture."""
        return pixel_digest(self.pixels)

    @property
    def image(self) -> Image:
        """The picture as a `PIL.Image`."""
        from PIL import Image

        return Image.fromarray(self.pixels)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """A picture as a file; `digest` is that of its pixels, not of the file."""

    path: Path
    digest: str
    media_type: str
    recipe: Recipe
    index: int
    seconds: float


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> str:
    """How far apart two pictures are, in words."""
    if one.shape != other.shape:
        return f"the sizes differ ({one.shape[1]}x{one.shape[0]} and {other.shape[1]}x{other.shape[0]})"
    error = one.astype(np.float64) - other
    changed = float((error != 0).any(axis=-1).mean())
    mean_square = float(np.square(error).mean())
    psnr = "infinite" if mean_square == 0 else f"{10 * np.log10(255**2 / mean_square):.1f} dB"
    return f"{changed:.2%} of the pixels differ, PSNR {psnr}"
