"""Optical flow: it finds what moved, the same to the bit whatever OpenCV is set to, and says what it needs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.camera import flow
from sdplay.film.camera.flow import check_flow, optical_flow
from sdplay.images.read import Pixels


def hills(width: int, height: int, dx: float = 0.0, dy: float = 0.0) -> Pixels:
    """Soft hills of many sizes, moved by (dx, dy) pixels, uint8 [height, width, 3]."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    grey = np.zeros((height, width))
    for _ in range(24):
        a, b, turn = rng.uniform(-0.35, 0.35, 3)
        grey += np.sin(a * (x - dx) + b * (y - dy) + 20 * turn)
    scaled = 127.5 + 110 * grey / 12
    return np.rint(np.clip(np.stack([scaled, scaled * 0.8, 255 - scaled], axis=-1), 0, 255)).astype(np.uint8)


@settings(max_examples=20)
@given(dx=st.floats(-5, 5), dy=st.floats(-5, 5))
def test_a_shift_is_found(dx: float, dy: float) -> None:
    found = optical_flow(hills(96, 80), hills(96, 80, dx, dy))
    assert found.shape == (80, 96, 2)
    assert np.median(found[..., 0]) == pytest.approx(dx, abs=0.2)
    assert np.median(found[..., 1]) == pytest.approx(dy, abs=0.2)


def test_equal_pictures_have_no_flow() -> None:
    assert np.abs(optical_flow(hills(64, 64), hills(64, 64))).max() == 0


def test_the_number_of_threads_neither_counts_nor_changes() -> None:
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(optical_flow(hills(128, 128), hills(128, 128, 3.4, -2.2)))
            assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_without_opencv_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check_flow()
    monkeypatch.setattr(flow, "find_spec", lambda _: None)
    with pytest.raises(BadRequest) as refused:
        check_flow()
    assert refused.value.field == "flow_cadence"
    assert "pip install" in refused.value.hint
