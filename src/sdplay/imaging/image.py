"""Read any picture a person may have, as plain sRGB pixels: turned upright, flattened, 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from sdplay.core.errors import BadRequest

Pixels = NDArray[np.uint8]

READABLE = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
LARGEST_FILE = 256 * 2**20
MOST_PIXELS = 8192 * 8192


def read_image(path: Path, field: str = "image") -> Pixels:
    """The first picture in the file `path`, uint8 [height, width, 3].

    EXIF rotation is applied, transparency is laid over white, palettes, 16 bits and CMYK become 8-bit RGB. Raises
    `BadRequest` naming `field` for a missing, oversized or unreadable file, before any pixel of a huge one is read.
    """
    opened = open_image(path, field)
    return np.array(flat(opened))


def open_image(path: Path, field: str) -> Image.Image:
    """The loaded and upright picture in `path`, in whatever mode it was stored."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadRequest(f"is larger than {LARGEST_FILE // 2**20} MiB", field=field, value=str(path))
        with Image.open(path, formats=READABLE) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadRequest(
                    f"has {image.width}x{image.height} pixels, more than this program reads",
                    field=field,
                    value=str(path),
                    hint="make it smaller first",
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except FileNotFoundError:
        raise BadRequest("no such file", field=field, value=str(path)) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadRequest(
            f"is no picture that can be read: {error}",
            field=field,
            value=str(path),
            hint="PNG, JPEG, WebP, GIF, BMP, TIFF and PPM files can be",
        ) from None


def flat(image: Image.Image) -> Image.Image:
    """8-bit RGB of a picture in any mode; what is transparent becomes white."""
    image = eight_bit(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating-point gray as 8-bit gray, scaled rather than clipped; other modes as they are."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, np.float64)
    top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max(initial=0.0)))
    return Image.fromarray(np.clip(np.rint(values * (255 / top)), 0, 255).astype(np.uint8))


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """`pixels` cropped around the centre to the new shape's proportions, then resampled (Lanczos) to it."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(ImageOps.fit(Image.fromarray(pixels), (width, height), Image.Resampling.LANCZOS))


def padded(pixels: NDArray[np.uint8], multiple: int) -> NDArray[np.uint8]:
    """`pixels` [H, W, ...] grown at the right and bottom to multiples of `multiple` by repeating the edge."""
    height, width = pixels.shape[:2]
    grow = [(0, -height % multiple), (0, -width % multiple)] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, grow, mode="edge")
