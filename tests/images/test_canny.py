"""The edges are those of OpenCV's Canny, pixel for pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sdplay.images.canny import canny, canny_of_input, connected, is_map

THRESHOLDS = [(100, 200), (50, 100), (10, 30), (300, 700), (0, 0), (2040, 2040)]
SIDES = st.integers(1, 24)


def scene(width: int, height: int) -> np.ndarray:
    """Soft colours with sharp things on them."""
    random = np.random.default_rng(4)
    soft = cv2.resize(
        random.integers(0, 256, (5, 7, 3), dtype=np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(40):
        centre = tuple(int(each) for each in random.integers(0, width, 2))
        colour = tuple(int(each) for each in random.integers(0, 256, 3))
        cv2.circle(soft, centre, int(random.integers(2, width // 6)), colour, -1, cv2.LINE_AA)
    return soft


@pytest.mark.parametrize(("low", "high"), THRESHOLDS)
def test_edges_of_a_scene_are_those_of_opencv(low: int, high: int) -> None:
    pixels = scene(256, 192)
    found, other = canny(pixels, low, high), cv2.Canny(pixels, low, high)
    assert found.dtype == np.uint8
    assert np.array_equal(found, other)
    assert found.any() == (low < 2040)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(THRESHOLDS), st.booleans())
def test_edges_of_anything_are_those_of_opencv(data: st.DataObject, limits: tuple[int, int], coloured: bool) -> None:
    shape = (data.draw(SIDES), data.draw(SIDES), 3) if coloured else (data.draw(SIDES), data.draw(SIDES))
    pixels = data.draw(arrays(np.uint8, shape))
    assert np.array_equal(canny(pixels, *limits), cv2.Canny(pixels, *limits))


def test_thresholds_in_the_wrong_order_are_put_in_order() -> None:
    pixels = scene(64, 64)
    assert np.array_equal(canny(pixels, 200, 100), canny(pixels, 100, 200))


def test_a_long_winding_line_hangs_together_and_a_loose_one_goes() -> None:
    """A spiral of thousands of pixels of which one is sure, and another line that touches nothing."""
    ridge = np.zeros((129, 129), np.bool_)
    top, left, bottom, right = 0, 0, 128, 128
    while right - left > 4:
        ridge[top, left : right + 1] = ridge[top : bottom + 1, right] = True
        ridge[bottom, left + 2 : right + 1] = ridge[top + 4 : bottom + 1, left + 2] = True
        ridge[top + 4, left + 2 : left + 5] = True
        top, left, bottom, right = top + 4, left + 4, bottom - 4, right - 4
    loose = ridge.copy()
    loose[:, 62:67] = False
    sure = np.zeros_like(ridge)
    sure[0, 0] = True
    labels, marked = cv2.connectedComponents(loose.astype(np.uint8), connectivity=8)
    assert labels > 3
    assert np.array_equal(connected(loose, sure), marked == marked[0, 0])
    labels, marked = cv2.connectedComponents(ridge.astype(np.uint8), connectivity=8)
    assert np.array_equal(connected(ridge, sure), marked == marked[0, 0])
    assert not connected(ridge, np.zeros_like(ridge)).any()


def test_a_map_of_edges_is_told_from_pictures() -> None:
    pixels = scene(256, 192)
    edges = canny_of_input(pixels, 100, 200)
    assert is_map(edges)
    assert is_map(cv2.resize(edges, (512, 384), interpolation=cv2.INTER_NEAREST))
    assert not is_map(pixels)
    assert not is_map(255 - edges)  # a drawing in black on white: its edges are to be found
    assert not is_map(np.zeros((8, 8, 3), np.uint8))
    assert not is_map(np.stack([edges[..., 0], *[np.zeros_like(edges[..., 0])] * 2], axis=2))  # red
