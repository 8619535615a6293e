"""Masks: white is what gets painted anew, black is what stays exactly as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sdplay.core.errors import BadRequest
from sdplay.imaging.image import eight_bit, open_image

Mask = NDArray[np.uint8]


def read_mask(path: Path, size: tuple[int, int]) -> Mask:
    """The mask in `path`, uint8 [height, width], 255 where to repaint; must have the picture's `size` (width, height).

    A mask without any transparency is read by its brightness; one that is all of one brightness but partly
    transparent by its alpha (opaque = repaint), as drawing programs export them. Raises `BadRequest` with both sizes.
    """
    image = eight_bit(open_image(path, "mask"))
    if image.size != size:
        raise BadRequest(
            f"the mask is {image.width}x{image.height} and the picture {size[0]}x{size[1]}",
            field="mask",
            value=str(path),
            hint="give a mask of the picture's own size",
        )
    gray = image.convert("RGBA") if image.has_transparency_data else image.convert("L")
    if gray.mode == "L":
        return np.array(gray)
    light, alpha = np.array(gray.convert("L")), np.array(gray.getchannel("A"))
    visible = light[alpha > 0]
    if visible.size and visible.min() == visible.max():
        return alpha
    return np.where(alpha > 0, light, 0).astype(np.uint8)


def shaped(mask: Mask, *, invert: bool = False, grow: int = 0, blur: float = 0) -> Mask:
    """`mask` inverted, then grown by `grow` pixels (shrunk when negative), then blurred with radius `blur` pixels."""
    if invert:
        mask = 255 - mask
    image = Image.fromarray(mask)
    if grow:
        kind = ImageFilter.MaxFilter if grow > 0 else ImageFilter.MinFilter
        image = image.filter(kind(2 * abs(grow) + 1))
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    return np.array(image)


def bounding_box(mask: Mask, padding: int) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of everything not black, `padding` pixels wider all round; None for a black mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    height, width = mask.shape
    return (
        max(0, int(columns[0]) - padding),
        max(0, int(rows[0]) - padding),
        min(width, int(columns[-1]) + 1 + padding),
        min(height, int(rows[-1]) + 1 + padding),
    )


def pasted(original: NDArray[np.uint8], drawn: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """`drawn` over `original` in the measure of `mask`; where the mask is 0 the original's own bytes."""
    share = mask[..., None].astype(np.float32) / 255
    mixed = np.rint(drawn * share + original * (1 - share)).astype(np.uint8)
    return np.where(mask[..., None] == 0, original, mixed)
