"""A masked part is painted over with the colours around it, and nothing else is touched."""

from __future__ import annotations

import numpy as np

from sdplay.images.surroundings import filled_from_around

RED, BLUE = (200, 20, 20), (20, 20, 200)


def halves(height: int = 40, width: int = 61) -> np.ndarray:
    """Red on the left, blue on the right."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, BLUE
    return pixels


def test_hole_takes_the_colours_beside_it() -> None:
    pixels = halves()
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[10:30, 5:55] = 255
    green = pixels.copy()
    green[mask == 255] = (0, 255, 0)
    filled = filled_from_around(green, mask)
    assert np.array_equal(filled[mask == 0], pixels[mask == 0])
    assert filled[mask == 255][:, 1].max() < 100  # nothing is left of the green
    left, right = filled[20, 6].astype(int), filled[20, 54].astype(int)
    assert left[0] > left[2]
    assert right[2] > right[0]


def test_hole_in_one_colour_is_not_seen() -> None:
    pixels = np.full((33, 17, 3), RED, np.uint8)
    mask = np.zeros((33, 17), np.uint8)
    mask[4:30, 2:15] = 255
    green = pixels.copy()
    green[mask == 255] = (0, 255, 0)
    assert np.array_equal(filled_from_around(green, mask), pixels)


def test_soft_mask_mixes() -> None:
    pixels = np.full((16, 16, 3), 100, np.uint8)
    pixels[4:12, 4:12] = 200
    mask = np.zeros((16, 16), np.uint8)
    mask[4:12, 4:12] = 128
    assert abs(int(filled_from_around(pixels, mask)[8, 8, 0]) - 150) <= 2


def test_nothing_to_take_colours_from() -> None:
    pixels = halves()
    for value in (0, 255):
        assert filled_from_around(pixels, np.full(pixels.shape[:2], value, np.uint8)) is pixels
