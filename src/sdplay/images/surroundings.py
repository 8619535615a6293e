"""A part of a picture painted over with the colours around it: what inpainting may start from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.images.mask import Mask
from sdplay.images.read import Pixels

Floats = NDArray[np.float32]


def filled_from_around(pixels: Pixels, mask: Mask) -> Pixels:
    """`pixels`, uint8 [H, W, 3], with soft colours from around in the measure of `mask`, uint8 [H, W].

    The unmasked pixels are averaged into smaller and smaller pictures until none has a hole, and the holes filled on
    the way back (pull and push: Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4). What the mask leaves
    alone keeps its bytes; where nothing is left alone, all does.
    """
    known = (mask == 0).astype(np.float32)[..., None]
    if not known.any() or known.all():
        return pixels
    levels: list[tuple[Floats, Floats]] = []
    colour, weight = pixels.astype(np.float32), known
    while max(weight.shape[:2]) > 1 and not weight.all():
        levels.append((colour, weight))
        colour, weight = halved(colour, weight)
    for finer, there in reversed(levels):
        height, width = there.shape[:2]
        small = Image.fromarray(np.clip(np.rint(colour), 0, 255).astype(np.uint8))
        coarse = np.array(small.resize((width, height), Image.Resampling.BILINEAR), np.float32)
        colour = there * finer + (1 - there) * coarse
    share = mask[..., None].astype(np.float32) / 255
    mixed = np.rint(colour * share + pixels * (1 - share)).astype(np.uint8)
    return np.where(mask[..., None] == 0, pixels, mixed)


def halved(colour: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The mean colours of squares of 2 by 2, as far as they are known, and 1 where any is."""
    total: Floats = blocks(weight)
    mean = (blocks(colour * weight) / np.maximum(total, 1)).astype(np.float32)
    return mean, np.minimum(total, 1).astype(np.float32)


def blocks(values: Floats) -> Floats:
    """The sums of squares of 2 by 2; beyond an odd edge there is nothing."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    return even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, -1).sum(axis=(1, 3))
