"""Masks: white is what gets painted anew, black is what stays exactly as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sdplay.core.errors import BadRequest
from sdplay.images.read import eight_bit, open_image

Mask = NDArray[np.uint8]


def read_mask(path: Path, size: tuple[int, int]) -> Mask:
    """The mask in `path`, uint8 [height, width], 255 where to repaint; must have the picture's `size` (width, height).

    It is read by its brightness, what is transparent being black; one that is of one brightness throughout but partly
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
    return brightness(image)


def brightness(image: Image.Image) -> Mask:
    """How white each pixel of a mask is meant to be."""
    if not image.has_transparency_data:
        return np.array(image.convert("RGB").convert("L"))
    rgba = image.convert("RGBA")
    light, alpha = np.array(rgba.convert("RGB").convert("L")), np.array(rgba.getchannel("A"))
    visible = light[alpha > 0]
    if visible.size and visible.min() == visible.max() and alpha.min() < 255:
        return alpha
    return np.rint(light * (alpha / 255)).astype(np.uint8)


def shaped(mask: Mask, *, invert: bool = False, grow: int = 0, blur: float = 0) -> Mask:
    """`mask` inverted, then grown by `grow` pixels (shrunk when negative), then blurred with radius `blur` pixels."""
    if invert:
        mask = 255 - mask
    if grow > 0:
        mask = grown(mask, grow)
    elif grow < 0:
        mask = 255 - grown(255 - mask, -grow)
    if blur:
        mask = np.array(Image.fromarray(mask).filter(ImageFilter.GaussianBlur(blur)))
    return mask


def grown(mask: Mask, reach: int) -> Mask:
    """The highest value within a square of `reach` pixels around each; what is beyond the edge is as the edge."""
    window = 2 * reach + 1
    wide = np.pad(mask, reach, mode="edge")
    for _ in range(2):
        span = 1
        while span < window:  # each round doubles the span: PIL's filter, which looks at every pixel, takes minutes
            step = min(span, window - span)
            wide, span = np.maximum(wide[:-step], wide[step:]), span + step
        wide = wide.T
    return np.ascontiguousarray(wide)


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
