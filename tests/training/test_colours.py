"""Named colours are nearest to themselves, and recolouring changes the thing and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from training.colours import BACKGROUNDS, OBJECT_COLOURS, jitter, nearest_background, recolour, to_lab, to_rgb


def drawing(rgb: tuple[int, int, int], side: int = 128) -> np.ndarray:
    """A disc of one colour with a green leaf, black eyes and a white highlight; premultiplied, a soft edge."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    cover = np.clip((0.4 - np.hypot(x, y)) * side + 0.5, 0, 1)
    picture = np.zeros((side, side, 4))
    picture[..., :3] = np.array(rgb) * (1 - 0.3 * (y + 0.5))[..., None]
    picture[(y < -0.25) & (np.abs(x) < 0.15), :3] = (60, 170, 70)
    picture[(np.abs(x) < 0.05) & (np.abs(y) < 0.05), :3] = (12, 12, 12)
    picture[(x > 0.15) & (x < 0.25) & (np.abs(y) < 0.08), :3] = 255
    picture[..., :3] *= cover[..., None]
    picture[..., 3] = 255 * cover
    return picture.round().astype(np.uint8)


RED = (222, 44, 52)


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_jittered_background_keeps_its_name(name: str) -> None:
    rng = np.random.default_rng(3)
    varied = [jitter(name, rng) for _ in range(100)]
    assert all(nearest_background(rgb) == name for rgb in varied)
    assert len(set(varied)) > 20
    assert nearest_background(BACKGROUNDS[name]) == name


def test_jitter_is_seeded() -> None:
    one, other = (jitter("blue", np.random.default_rng(5)) for _ in range(2))
    assert one == other


def test_lab_and_back_is_the_same_colour() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (500, 3)).astype(np.uint8)
    assert np.abs(to_rgb(to_lab(rgb)) - rgb).max() < 2.5


@pytest.mark.parametrize("target", OBJECT_COLOURS)
def test_thing_takes_the_colour_asked_for(target: str) -> None:
    turned = recolour(drawing(RED), "red", target)
    body = turned[80:90, 40:50, :3].reshape(-1, 3).mean(0)
    assert nearest_background(body) == target


def test_other_parts_stay() -> None:
    before = drawing(RED)
    after = recolour(before, "red", "blue")
    for part in (np.s_[20:28, 55:70], np.s_[60:68, 60:68], np.s_[58:70, 86:94]):
        assert np.abs(after[part].astype(int) - before[part]).max() <= 3
    assert np.array_equal(after[..., 3], before[..., 3])


def test_shading_stays() -> None:
    light = to_lab(recolour(drawing(RED), "red", "blue")[..., :3])[..., 0]
    assert light[50, 40] > light[100, 50] + 0.03


def test_result_is_premultiplied_and_empty_pixels_stay_empty() -> None:
    for target in OBJECT_COLOURS:
        turned = recolour(drawing(RED), "red", target)
        assert (turned[..., :3] <= turned[..., 3:]).all()
        assert not turned[turned[..., 3] == 0].any()


def test_own_colour_leaves_the_drawing_alone() -> None:
    before = drawing(RED)
    assert np.array_equal(recolour(before, "red", "red"), before)


def test_drawing_in_another_colour_than_named_is_recoloured_too() -> None:
    """The styles disagree: a bird that is called blue is drawn red in one of them."""
    turned = recolour(drawing(RED), "blue", "blue")
    assert nearest_background(turned[85, 45, :3]) == "blue"


def test_gray_thing_takes_a_colour() -> None:
    gray = drawing((140, 140, 145))
    assert nearest_background(recolour(gray, "gray", "orange")[85, 45, :3]) == "orange"


def test_empty_drawing_comes_back() -> None:
    nothing = np.zeros((16, 16, 4), np.uint8)
    assert np.array_equal(recolour(nothing, "red", "blue"), nothing)
