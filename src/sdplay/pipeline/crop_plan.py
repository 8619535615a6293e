"""Crop plans for a given picture and its mask: extended, cropped and scaled before drawing, pasted back after it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdplay.core.sample import FromImage, ImageAsset, Repaint
from sdplay.images.inputs import read_input, read_input_mask
from sdplay.images.mask import Mask, bounding_box, pasted, shaped
from sdplay.images.read import Pixels, padded, resized, resized_mask

Box = tuple[int, int, int, int]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class CropPlan:
    """A picture of which `box` (left, top, right, bottom) is drawn, fitted into `size` (width, height).

    `paste` is how much of the drawn picture replaces each pixel. `redraw` is white where something new is wanted (also
    where blurring has faded a thin line in `paste`). If both are None, the whole box is drawn and kept. Drawing begins
    with `start` if that is another picture than `pixels`.
    """

    pixels: Pixels
    box: Box
    size: Size
    paste: Mask | None = None
    redraw: Mask | None = None
    start: Pixels | None = None

    def picture(self, multiple: int) -> Pixels:
        """The box at its drawn size, padded to `size` and then to multiples of `multiple` by repeating its edge."""
        start = self.pixels if self.start is None else self.start
        return self._grown(resized(self._crop(start), *fitted(self.box, self.size)), multiple)

    def mask(self, multiple: int) -> Mask | None:
        """`redraw` in the same shape as `picture`."""
        if self.redraw is None:
            return None
        return self._grown(resized_mask(self._crop(self.redraw), *fitted(self.box, self.size)), multiple)

    def paste_back(self, drawn: Pixels) -> Pixels:
        """The finished picture from `drawn`, of the shape of `picture`; where `paste` is 0 it has the old bytes."""
        part = crop(drawn, fitted(self.box, self.size))
        if self.paste is None:
            return part
        left, top, right, bottom = self.box
        whole = self.pixels.copy()
        whole[top:bottom, left:right] = resized(part, right - left, bottom - top)
        return pasted(self.pixels, whole, self.paste)

    def _crop(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        left, top, right, bottom = self.box
        return values[top:bottom, left:right]

    def _grown(self, values: NDArray[np.uint8], multiple: int) -> NDArray[np.uint8]:
        width, height = self.size
        return padded(values, -(-width // multiple) * multiple, -(-height // multiple) * multiple)


def crop(drawn: Pixels, size: Size) -> Pixels:
    """`drawn` without the padding at the right and the bottom."""
    return np.ascontiguousarray(drawn[: size[1], : size[0]])


def plan_crop(init: FromImage, size: Size) -> CropPlan:
    """Read picture and mask, extend the borders, and choose the box that is drawn at `size`.

    Raises `BadRequest` if a file is missing, unreadable, or not the picture of the recipe.
    """
    pixels, repaint = read_input(init.image), init.repaint
    if repaint is None:
        return CropPlan(resized(pixels, *size), (0, 0, *size), size)
    paste, redraw = inpaint_masks(init.image, repaint)
    left, top, right, bottom = repaint.borders
    pixels = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode="edge")
    start = None
    if repaint.fill == "surroundings":
        from sdplay.images.surroundings import filled_from_around  # here, since few pictures ask for it

        start = filled_from_around(pixels, redraw)
    if repaint.padding is None:
        masks = resized_mask(paste, *size), resized_mask(redraw, *size)
        start = resized(start, *size) if start is not None else None
        return CropPlan(resized(pixels, *size), (0, 0, *size), size, *masks, start)
    whole = (pixels.shape[1], pixels.shape[0])
    box = bounding_box(redraw, repaint.padding)
    return CropPlan(pixels, proportioned(box, size, whole) if box else (0, 0, *whole), size, paste, redraw, start)


def inpaint_masks(image: ImageAsset, repaint: Repaint) -> tuple[Mask, Mask]:
    """(`paste`, `redraw`) over the extended picture: the mask inside, and white beyond the old edges.

    The white of an extension reaches as far into the picture as the blur does, so that no seam is left there.
    """
    inside = np.zeros((image.height, image.width), np.uint8)
    if repaint.mask is not None:
        given = read_input_mask(repaint.mask, (image.width, image.height))
        inside = shaped(given, invert=repaint.invert, grow=repaint.grow)
    left, top, right, bottom = repaint.borders
    around = ((top, bottom), (left, right))
    soft = np.pad(shaped(inside, blur=repaint.blur), around)
    sharp = np.pad(inside, around)
    if any(repaint.borders):
        reach = math.ceil(repaint.blur)
        kept = np.zeros_like(sharp)
        rows = slice(top + reach * (top > 0), top + image.height - reach * (bottom > 0))
        kept[rows, left + reach * (left > 0) : left + image.width - reach * (right > 0)] = 255
        beyond = shaped(255 - kept, blur=repaint.blur)
        beyond |= np.pad(np.zeros_like(inside), around, constant_values=255)  # no fading where there was no picture
        soft, sharp = np.maximum(soft, beyond), np.maximum(sharp, 255 - kept)
    return soft, np.maximum(soft, sharp)


def fitted(box: Box, size: Size) -> Size:
    """The largest (width, height) in the proportions of `box` that `size` has room for."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(size[0] / width, size[1] / height)
    return min(max(1, round(width * scale)), size[0]), min(max(1, round(height * scale)), size[1])


def proportioned(box: Box, size: Size, whole: Size) -> Box:
    """`box` grown to the proportions of `size` (width, height), within the picture `whole`."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    wanted = (max(width, round(height * size[0] / size[1])), max(height, round(width * size[1] / size[0])))
    sides: list[tuple[int, int]] = []
    for low, high, want, most in ((left, right, wanted[0], whole[0]), (top, bottom, wanted[1], whole[1])):
        length = min(want, most)
        begin = min(max(0, (low + high - length) // 2), most - length)
        sides.append((begin, begin + length))
    return sides[0][0], sides[1][0], sides[0][1], sides[1][1]
