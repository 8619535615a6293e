"""Nearness out of any numbers a depth model may give, and out of none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from sdplay.film.camera.disparity import depth_png, equalize, fit_disparity, normalize, ramp


def test_disparity_is_stretched_between_its_percentiles() -> None:
    raw = np.arange(101, dtype=np.float32).reshape(1, 101) * 3 + 7
    found = normalize(raw, metric=False)
    assert not found.flat
    assert found.values.dtype == np.float32
    assert found.values[0, [0, 2, 50, 98, 100]] == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)


def test_distances_are_turned_round() -> None:
    raw = 1 / np.linspace(0.1, 1, 201, dtype=np.float32).reshape(3, 67)
    found = normalize(raw, metric=True).values
    assert np.array_equal(np.argsort(found[1]), np.arange(67))
    assert found.ravel()[100] == pytest.approx(0.5, abs=1e-3)
    sky = raw.copy()
    sky[0, 0] = np.inf
    assert not normalize(sky, metric=True).flat


@pytest.mark.parametrize("metric", [False, True])
@pytest.mark.parametrize("bad", ["even", "zero", "nan", "minus"])
def test_what_says_nothing_is_flat(metric: bool, bad: str) -> None:
    raw = np.linspace(1, 2, 64, dtype=np.float32).reshape(8, 8)
    if bad in ("even", "zero"):
        raw[:] = 3 if bad == "even" else 0
    else:
        raw[3, 4] = np.nan if bad == "nan" else -np.inf
    found = normalize(raw, metric=metric)
    assert found.flat
    assert np.array_equal(found.values, np.ones((8, 8), np.float32))


@given(
    raw=arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(width=32)),
    metric=st.booleans(),
)
def test_any_numbers_give_nearness(raw: np.ndarray, metric: bool) -> None:
    found = fit_disparity(normalize(raw, metric=metric).values, 16, 12)
    assert found.shape == (12, 16)
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_frame_gets_its_own_size_and_soft_edges() -> None:
    small = np.zeros((8, 12), np.float32)
    small[:, 6:] = 1
    found = fit_disparity(small, 48, 32)
    assert found.shape == (32, 48)
    assert found[:, :16].max() < 0.05
    assert found[:, 32:].min() > 0.95
    assert np.abs(np.diff(found, axis=1)).max() < 0.4
    even = np.full((16, 16), 0.25, np.float32)
    assert fit_disparity(even, 16, 16) == pytest.approx(even, abs=1e-6)


def test_equalised_levels_are_equally_frequent() -> None:
    skewed = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64) ** 3
    counts, _ = np.histogram(equalize(skewed), 8, (0, 1))
    assert counts == pytest.approx(np.full(8, 512), rel=0.35)
    order = np.argsort(skewed.ravel())
    assert (np.diff(equalize(skewed).ravel()[order]) >= 0).all()


def test_the_ramp_rises_from_top_to_bottom() -> None:
    found = ramp(5, 3)
    assert found.tolist() == [[0.0] * 5, [0.5] * 5, [1.0] * 5]
    assert ramp(4, 1).shape == (1, 4)
    assert np.isfinite(ramp(4, 1)).all()


def test_depth_files_have_sixteen_bits() -> None:
    values = np.array([[0, 0.5, 1, 1 / 65535]], np.float32)
    with Image.open(io.BytesIO(depth_png(values))) as image:
        assert image.format == "PNG"
        assert image.mode.startswith("I")
        assert np.asarray(image).astype(int).tolist() == [[0, 32768, 65535, 1]]
    assert depth_png(values) == depth_png(values)
