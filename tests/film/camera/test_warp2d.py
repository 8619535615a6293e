"""The flat camera: which way each sign goes, what is exact, and that nothing wears off."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.camera.warp2d import Border, Move2D, SamplingMode, matrix, sample, warp2d
from tests.support.dots import dot, place, scenery

WIDTH, HEIGHT = 96, 64
BORDERS: tuple[Border, ...] = ("wrap", "replicate", "border", "reflection", "zeros")
MODES: tuple[SamplingMode, ...] = ("bicubic", "bilinear", "nearest")


def moved(x: int, y: int, **move: float) -> tuple[float, float]:
    """Where a dot at (x, y) of a 96x64 picture goes."""
    forward = matrix(Move2D(**move), WIDTH, HEIGHT)
    # Bilinear keeps the centre of gravity; bicubic's overshoot, clipped at black, shifts it by hundredths.
    return place(warp2d(dot(WIDTH, HEIGHT, x, y), forward, sampling_mode="bilinear", border="zeros"))


@pytest.mark.parametrize(
    ("move", "start", "end"),
    [
        ({"translation_x": 7.5}, (40, 30), (47.5, 30)),  # to the right
        ({"translation_y": 6.25}, (40, 30), (40, 36.25)),  # down
        ({"zoom": 1.5}, (58, 32), (63, 32)),  # away from the centre (48, 32)
        ({"zoom": 0.5}, (68, 12), (58, 22)),
        ({"angle": 90}, (68, 32), (48, 12)),  # counter-clockwise on screen: what was right is up
        ({"angle": -90}, (68, 32), (48, 52)),
        ({"angle": 30}, (68, 32), (48 + 20 * 3**0.5 / 2, 22)),
        ({"zoom": 2, "translation_x": 10}, (48, 32), (68, 32)),  # the translation is scaled as well
        ({"angle": 90, "translation_x": 10}, (48, 32), (48, 22)),  # and turned
        ({"zoom": 2, "center_x": 0, "center_y": 0}, (20, 10), (40, 20)),
    ],
)
def test_signs(move: dict[str, float], start: tuple[int, int], end: tuple[float, float]) -> None:
    assert moved(*start, **move) == pytest.approx(end, abs=0.02)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("mode", MODES)
def test_standing_still_is_exact(mode: SamplingMode, border: Border) -> None:
    picture = torch.rand(40, 56, 3, generator=torch.Generator().manual_seed(0)) * 255
    assert torch.equal(warp2d(picture, matrix(Move2D(), 56, 40), sampling_mode=mode, border=border), picture)


@given(dx=st.integers(-300, 300), dy=st.integers(-300, 300), mode=st.sampled_from(MODES))
def test_wrapping_by_whole_pixels_is_a_roll(dx: int, dy: int, mode: SamplingMode) -> None:
    picture = scenery(37, 29)
    forward = matrix(Move2D(translation_x=dx, translation_y=dy), 37, 29)
    found = warp2d(picture, forward, sampling_mode=mode, border="wrap")
    assert np.array_equal(found.numpy(), np.roll(picture.numpy(), (dy, dx), axis=(0, 1)))


@pytest.mark.parametrize("mode", ["bicubic", "bilinear"])
def test_wrapping_by_parts_of_a_pixel_does_not_see_the_seam(mode: SamplingMode) -> None:
    """Rolled by half the picture first or afterwards: the same, wherever the seam is."""
    picture = scenery(64, 48)
    forward = matrix(Move2D(translation_x=3.3, translation_y=-5.6), 64, 48)
    rolled_first = warp2d(picture.roll((24, 32), (0, 1)), forward, sampling_mode=mode)
    rolled_after = warp2d(picture, forward, sampling_mode=mode).roll((24, 32), (0, 1))
    assert (rolled_first - rolled_after).abs().max() < 0.02


def test_what_is_beyond_the_edge() -> None:
    row = torch.tensor([10.0, 20.0, 30.0, 40.0])[None, :, None].expand(1, 4, 3).contiguous()
    x, y = torch.arange(-3.0, 8.0)[None], torch.zeros(1, 11)
    found = {border: sample(row, x, y, border=border)[0, :, 0].tolist() for border in BORDERS}
    assert found["wrap"] == [20, 30, 40, 10, 20, 30, 40, 10, 20, 30, 40]
    assert found["replicate"] == found["border"] == [10, 10, 10, 10, 20, 30, 40, 40, 40, 40, 40]
    assert found["reflection"] == [30, 20, 10, 10, 20, 30, 40, 40, 30, 20, 10]
    assert found["zeros"] == [0, 0, 0, 10, 20, 30, 40, 0, 0, 0, 0]


@pytest.mark.parametrize("border", BORDERS)
def test_whole_places_and_places_a_hair_beside_them_agree(border: Border) -> None:
    """What is looked up and what is interpolated mean the same beyond the edge too."""
    picture = scenery(24, 16)
    y, x = torch.meshgrid(torch.arange(-9.0, 25.0), torch.arange(-9.0, 33.0), indexing="ij")
    whole = sample(picture, x, y, mode="bilinear", border=border)
    beside = sample(picture, x + 1e-4, y + 1e-4, mode="bilinear", border=border)
    assert (whole - beside).abs().max() < 0.1


def test_two_moves_in_one_matrix_are_the_two_moves() -> None:
    first = matrix(Move2D(angle=4, zoom=1.05, translation_x=3), 128, 128)
    then = matrix(Move2D(angle=-7, translation_y=-2.5), 128, 128)
    start = (70, 50)
    options = {"sampling_mode": "bilinear", "border": "zeros"}
    at_once = place(warp2d(dot(128, 128, *start), then @ first, **options))
    one_by_one = place(warp2d(warp2d(dot(128, 128, *start), first, **options), then, **options))
    exact = (then @ first @ [*start, 1])[:2]
    assert at_once == pytest.approx(exact, abs=0.02)
    assert one_by_one == pytest.approx(exact, abs=0.02)
    smooth = scenery(128, 128)[..., :2]
    smooth = torch.cat((smooth, smooth[..., :1]), dim=-1)
    difference = warp2d(smooth, then @ first) - warp2d(warp2d(smooth, first), then)
    assert difference[30:98, 30:98].abs().mean() < 1


@pytest.mark.parametrize("mode", ["bicubic", "bilinear"])
@pytest.mark.parametrize("move", [{"translation_x": 1.37, "translation_y": 0.71}, {"angle": 0.7}])
def test_brightness_does_not_drift_in_a_hundred_rounded_warps(mode: SamplingMode, move: dict[str, float]) -> None:
    y, x = torch.meshgrid(*2 * [torch.arange(96) * (2 * torch.pi / 96)], indexing="ij")
    before = torch.stack([120 + 60 * torch.sin(k * x) + 40 * torch.cos((k + 1) * y) for k in (1, 2, 3)], -1).round()
    picture = before
    for _ in range(100):
        picture = warp2d(picture, matrix(Move2D(**move), 96, 96), sampling_mode=mode).round()
    assert abs(picture.mean() - before.mean()) < 0.2


@pytest.mark.parametrize("mode", ["bicubic", "bilinear"])
def test_float32_places_are_good_enough(mode: SamplingMode) -> None:
    """Against the same resample with places and sums in float64."""
    picture, forward = scenery(512, 320), matrix(Move2D(angle=11.3, zoom=1.21, translation_x=17.7), 512, 320)
    back = np.linalg.inv(forward)
    x, y = torch.meshgrid(torch.arange(512).double(), torch.arange(320).double(), indexing="xy")
    exact = sample(
        picture.double(),
        back[0, 0] * x + back[0, 1] * y + back[0, 2],
        back[1, 0] * x + back[1, 1] * y + back[1, 2],
        mode=mode,
        border="wrap",
    )
    assert (warp2d(picture, forward, sampling_mode=mode) - exact).abs().max() < 0.05


@pytest.mark.parametrize("zoom", [0.0, -1.0, float("nan")])
def test_a_zoom_that_squeezes_or_mirrors_is_refused(zoom: float) -> None:
    with pytest.raises(BadRequest, match="above 0") as caught:
        matrix(Move2D(zoom=zoom), 64, 64)
    assert caught.value.field == "zoom"


@pytest.mark.parametrize("move", [{"zoom": float("inf")}, {"translation_x": float("nan")}, {"center_y": float("inf")}])
def test_numbers_without_end_are_refused(move: dict[str, float]) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(BadRequest, match="no finite move"):
        matrix(Move2D(**move), 64, 64)
