"""Read any picture a person may have, as plain sRGB pixels: turned upright, flattened, 8 bits."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sdplay.core.errors import BadRequest
from sdplay.images.open import MOST_PIXELS, UNREADABLE, check_file, open_given, unreadable

Pixels = NDArray[np.uint8]


def read_image(path: str | Path, field: str = "image") -> Pixels:
    """The first picture in the file `path`, or the one in memory that stands there, uint8 [height, width, 3].

    EXIF rotation and colour profile are applied, transparency is laid over white, palettes, 16 bits and CMYK become
    8-bit RGB. Raises `BadRequest` naming `field` for a missing, oversized or unreadable file, before any pixel of a
    huge one is read.
    """
    from sdplay.images.color_profile import as_srgb  # with PIL's colour management

    return np.array(flat(as_srgb(open_image(path, field))))


def read_without_profile(path: str | Path, field: str = "image") -> Pixels:
    """As `read_image`, with the numbers as they are, whatever its colour profile says of them."""
    return np.array(flat(open_image(path, field)))


def open_image(path: str | Path, field: str) -> Image.Image:
    """The loaded and upright picture in `path`, in whatever mode it was stored."""
    check_file(path, field)
    try:
        with open_given(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadRequest(
                    f"has {image.width}x{image.height} pixels, more than this program reads",
                    field=field,
                    value=str(path),
                    hint="make it smaller first",
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except UNREADABLE as error:
        raise unreadable(path, field, error) from None


def flat(image: Image.Image) -> Image.Image:
    """8-bit RGB of a picture in any mode; what is transparent becomes white."""
    image = eight_bit(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def eight_bit(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point gray as 8-bit gray, scaled rather than clipped; other modes as they are."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.nan_to_num(np.asarray(image, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0.0))
    # Nothing in such a file says which value is white: the smallest usual one that it does not exceed.
    whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((white for white in whites if highest <= white), highest)
    return Image.fromarray(np.clip(np.rint(values * (255 / white)), 0, 255).astype(np.uint8))


def png(pixels: Pixels) -> bytes:
    """`pixels` as the bytes of a PNG file."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """`pixels` cropped around the centre to the new shape's proportions, then resampled (Lanczos) to it."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(ImageOps.fit(Image.fromarray(pixels), (width, height), Image.Resampling.LANCZOS))


def resized_mask(mask: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """`mask` [H, W] in the same way, resampled without overshoot: what is black far and wide stays black."""
    if mask.shape == (height, width):
        return mask
    return np.array(ImageOps.fit(Image.fromarray(mask), (width, height), Image.Resampling.BILINEAR))


def padded(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """`pixels` [H, W, ...] grown at the right and bottom to `width` and `height` by repeating the edge."""
    grow = [(0, height - pixels.shape[0]), (0, width - pixels.shape[1])] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, grow, mode="edge")
