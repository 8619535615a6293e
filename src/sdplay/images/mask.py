"""Masks: white is what is repainted, black is what stays exactly as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sdplay.core.errors import BadRequest
from sdplay.images.read import eight_bit, open_image

Mask = NDArray[np.uint8]
MOST_COLOURS, MOST_GRAYS = 32, 8  # of five bits a channel, that somebody draws a mask in
SOME, MANY = 0.05, 0.5  # shares of the pixels
DARK = 32  # brightness that is meant to be black
COLOURED = 24  # the difference of channels from which a pixel is not gray
FAINT = 1  # values that no eye sees painted: a mask of 0 and 1 was meant to be one of 0 and 255


def read_mask(path: str | Path, size: tuple[int, int]) -> Mask:
    """The mask in `path`, uint8 [height, width], 255 where to repaint; must have the picture's `size` (width, height).

    It is read by its brightness, what is transparent being black; one that is of one brightness throughout but partly
    transparent by its alpha (opaque = repaint), as drawing programs export them; a photograph that is partly
    transparent by its holes (transparent = repaint), as mask editors export them. Raises `BadRequest` with both sizes,
    and for a gray picture that may be either.
    """
    image = eight_bit(open_image(path, "mask"))
    if image.size != size:
        raise BadRequest(
            f"the mask is {image.width}x{image.height} and the picture {size[0]}x{size[1]}",
            field="mask",
            value=str(path),
            hint="give a mask of the picture's own size",
        )
    return brightness(image, str(path))


def brightness(image: Image.Image, path: str = "") -> Mask:
    """How white each pixel of a mask is meant to be."""
    if not image.has_transparency_data:
        return np.array(image.convert("RGB").convert("L"))
    rgba = image.convert("RGBA")
    light, alpha = np.array(rgba.convert("RGB").convert("L")), np.array(rgba.getchannel("A"))
    visible = light[alpha > 0]
    if visible.size and visible.min() == visible.max() and alpha.min() < 255:
        return alpha
    if alpha.min() == 0 and is_photograph(np.array(rgba.convert("RGB"))[alpha == 255], path):
        return 255 - alpha
    return np.rint(light * (alpha / 255)).astype(np.uint8)


def is_photograph(visible: NDArray[np.uint8], path: str) -> bool:
    """Whether the `visible` pixels [n, 3] of a mask are a picture; raises `BadRequest` where they may be a mask too.

    A mask is drawn in few colours. A gray picture in many shades may be a photograph or a soft mask.
    """
    if not visible.size:
        return False
    shades = len(np.unique(visible >> 3, axis=0))
    light = visible.mean(axis=1)
    if (np.ptp(visible.astype(np.int16), axis=1) > COLOURED).mean() > SOME:
        return shades > MOST_COLOURS
    if shades > MOST_GRAYS and ((light > DARK) & (light < 255 - DARK)).mean() > MANY:
        reason = "is gray and partly transparent: a photograph with a hole to paint, or a soft mask?"
        hint = "save it without transparency: white is painted, black stays"
        raise BadRequest(reason, field="mask", value=path, hint=hint)
    return False


def check_paints(mask: Mask, path: str) -> None:
    """Raise `BadRequest` where `mask`, shaped as asked, paints nothing."""
    if mask.max(initial=0) > FAINT:
        return
    brightest = int(mask.max(initial=0))
    reason = (
        f"paints nothing: its brightest value is {brightest} of 255" if brightest else "paints nothing: it is black"
    )
    raise BadRequest(
        reason, field="mask", value=path, hint="white is painted, black stays; `mask_invert` turns it around"
    )


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
