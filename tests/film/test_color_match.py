"""Colours matched, sharpened, noised: against plain formulas, and with nothing lost to rounding."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageCms

from sdplay.core.errors import BadRequest
from sdplay.film.color_match import (
    add_noise,
    apply_contrast,
    color_match,
    from_lab,
    match_histogram,
    sharpen,
    smooth,
    to_lab,
    to_uint8,
)

MATCHING: tuple[str, ...] = ("RGB", "HSV", "LAB", "LAB_mean")


def pixels(seed: int, size: tuple[int, int] = (48, 40), low: int = 0, high: int = 256) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (*size, 3), dtype=np.uint8)


def photo(seed: int) -> np.ndarray:
    """Colours that hang together, as in pictures."""
    waves = np.random.default_rng(seed).uniform(0.02, 0.2, (3, 2))
    y, x = np.mgrid[:48, :40]
    channels = [110 + 70 * np.sin(x * a + y * b) + 30 * np.cos(x * b) for a, b in waves]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def test_matching_a_row_worked_out_by_hand() -> None:
    """Shares 1/4, 2/4, 1 of 10, 20, 30 against 1/2 and 1 of 100 and 200: its value below the first, then a line."""
    values = np.array([[10, 20, 30, 30]], np.float32)
    reference = np.array([[100, 200, 100, 200]], np.float32)
    assert match_histogram(values, reference) == pytest.approx(np.array([[100, 100, 200, 200]]), abs=1e-4)
    reference = np.array([[100, 200, 200, 200]], np.float32)
    assert match_histogram(values, reference) == pytest.approx(np.array([[100, 400 / 3, 200, 200]]), abs=1e-4)


def plain_cdf_matching(source: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The textbook's way, over the values that occur."""
    _, place, counts = np.unique(source.ravel(), return_inverse=True, return_counts=True)
    values, template_counts = np.unique(template.ravel(), return_counts=True)
    shares, template_shares = np.cumsum(counts) / source.size, np.cumsum(template_counts) / template.size
    return np.interp(shares, template_shares, values)[place].reshape(source.shape)


def test_rgb_is_plain_cdf_matching_of_each_channel() -> None:
    image, reference = photo(1), pixels(2, (30, 60), 40, 200)
    found = color_match(image.astype(np.float32), reference, "RGB")
    for channel in range(3):
        expected = plain_cdf_matching(image[..., channel], reference[..., channel])
        assert np.abs(found[..., channel] - expected).max() < 1e-3
    assert len(np.unique(found % 1)) > 10  # not rounded on the way


@pytest.mark.parametrize("mode", MATCHING)
def test_a_picture_matched_to_itself_stays(mode: str) -> None:
    image = photo(3)
    assert np.array_equal(to_uint8(color_match(image.astype(np.float32), image, mode)), image)


@pytest.mark.parametrize("mode", MATCHING)
def test_matching_brings_the_colours_close(mode: str) -> None:
    reference = photo(4)
    drifted = np.clip(reference * np.float32(0.8) + np.float32(25), 0, 255)
    found = color_match(drifted, reference, mode)
    assert np.abs(found - reference).mean() < 0.35 * np.abs(drifted - reference).mean()


@pytest.mark.parametrize("mode", MATCHING)
def test_strength_goes_from_the_picture_to_the_match(mode: str) -> None:
    image, reference = photo(5).astype(np.float32), photo(6)
    whole = color_match(image, reference, mode)
    assert np.array_equal(color_match(image, reference, mode, 0), image)
    half = color_match(image, reference, mode, 0.5)
    assert half == pytest.approx((image + whole) / 2, abs=1e-3)
    assert whole.dtype == half.dtype == np.float32
    assert whole.min() >= 0
    assert whole.max() <= 255


def test_hsv_keeps_every_hue() -> None:
    image, reference = pixels(7, low=20, high=230), photo(8)
    found = color_match(image.astype(np.float32), reference, "HSV")
    for before, after in zip(image.reshape(-1, 3) / 255, found.reshape(-1, 3) / 255, strict=True):
        h0, s0, _ = colorsys.rgb_to_hsv(*before)
        h1, s1, v1 = colorsys.rgb_to_hsv(*after)
        if s0 > 0 and s1 * v1 > 0.02:
            assert abs((h0 - h1 + 0.5) % 1 - 0.5) < 2e-3
    value = plain_cdf_matching(image.max(axis=-1), reference.max(axis=-1))
    assert np.abs(found.max(axis=-1) - value).max() < 1e-3


def test_hsv_leaves_grey_grey() -> None:
    grey = np.repeat(np.arange(0, 240, 4, dtype=np.float32)[None, :, None], 3, axis=-1)
    found = color_match(grey, photo(9), "HSV")
    assert np.ptp(found, axis=-1).max() == 0


@pytest.mark.parametrize("mode", MATCHING)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_even_surfaces_give_numbers(mode: str, level: int) -> None:
    even, other = np.full((8, 8, 3), level, np.uint8), photo(10)
    assert np.isfinite(color_match(even.astype(np.float32), other, mode)).all()
    assert np.abs(color_match(other.astype(np.float32), even, mode) - level).max() < 0.51


def test_lab_there_and_back() -> None:
    image = pixels(11, (64, 64)).astype(np.float32)
    assert np.abs(from_lab(to_lab(image)) - image).max() < 0.02


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_lab_of_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    """Published values (Lindbloom's calculator, sRGB and D65)."""
    assert to_lab(np.array([[rgb]], np.float32))[0, 0] == pytest.approx(lab, abs=0.02)


def test_lightness_agrees_with_pil() -> None:
    """L* alone: little CMS works with the white point D50, which leaves lightness nearly as it is."""
    image = photo(12)
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    other = ImageCms.applyTransform(Image.fromarray(image), transform)
    assert other is not None
    assert np.abs(to_lab(image.astype(np.float32))[..., 0] - np.array(other)[..., 0] / 2.55).mean() < 1.5


def test_contrast() -> None:
    image = np.array([[[0, 100, 250]]], np.float32)
    assert apply_contrast(image, 1.1)[0, 0] == pytest.approx([0, 110, 255])
    assert apply_contrast(image, 1) is image


def test_sharpening_undoes_blur_and_leaves_even_surfaces() -> None:
    step = np.zeros((16, 16, 3), np.float32)
    step[:, 8:] = 200
    sharp = sharpen(step + 20, 0.5)
    assert sharp[:, 7].max() < 20
    assert sharp[:, 8].min() > 220
    assert sharp[:, :5] == pytest.approx(np.full((16, 5, 3), 20), abs=1e-3)
    even = np.full((9, 9, 3), 77, np.float32)
    assert sharpen(even, 3.0) == pytest.approx(even, abs=1e-3)


def test_sharpening_is_one_plus_amount_times_less_the_blurred() -> None:
    image = photo(13).astype(np.float32)
    weights = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    y, x = 20, 17
    blurred = (image[y - 2 : y + 3, x - 2 : x + 3] * weights[..., None]).sum(axis=(0, 1))
    expected = 1.3 * image[y, x] - 0.3 * blurred
    assert sharpen(image, 0.3)[y, x] == pytest.approx(expected, abs=1e-3)
    assert np.array_equal(sharpen(image, 0.3, threshold=100), image)
    assert np.array_equal(sharpen(image, 0), image)
    assert sharpen(image, 1, kernel=1) == pytest.approx(image, abs=1e-4)


@pytest.mark.parametrize(("kernel", "sigma", "field"), [(4, 1, "kernel"), (0, 1, "kernel"), (5, 0, "sigma")])
def test_impossible_blurs_are_refused(kernel: int, sigma: float, field: str) -> None:
    with pytest.raises(BadRequest, match=field):
        sharpen(np.zeros((4, 4, 3), np.float32), 0.1, kernel, sigma)


def test_noise_depends_on_the_seed_alone() -> None:
    image = np.full((64, 64, 3), 128, np.float32)
    one, again, other = (add_noise(image, 0.1, seed) for seed in (5, 5, 6))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.std(one - image) == pytest.approx(12.75, rel=0.03)
    assert abs(np.mean(one - image)) < 0.5
    assert np.array_equal(add_noise(image, 0, 5), image)


def test_noise_is_the_same_everywhere() -> None:
    """What seed 0 gave when this was written; another numpy that gives something else changes everybody's films."""
    found = add_noise(np.full((1, 2, 3), 128, np.float32), 0.1, 0)
    assert found.ravel() == pytest.approx([140.2719, 134.7121, 127.1348, 130.0258, 112.6999, 136.7368], abs=1e-3)


def test_rounding_is_to_the_nearest_and_clipped() -> None:
    values = np.array([[-3, 0.49, 0.51, 254.7, 300]], np.float32)
    assert to_uint8(values).tolist() == [[0, 0, 1, 255, 255]]


def test_smoothing_is_pils() -> None:
    image = pixels(14)
    assert np.array_equal(smooth(image, "None"), image)
    gentle, more = (np.std(smooth(image, how).astype(float)) for how in ("Smooth", "Smooth_more"))
    assert gentle < np.std(image)
    assert more < np.std(image)
    dot = np.zeros((9, 9, 3), np.uint8)
    dot[4, 4] = 130
    assert smooth(dot, "Smooth")[3:6, 3:6, 0].tolist() == [[10, 10, 10], [10, 50, 10], [10, 10, 10]]
