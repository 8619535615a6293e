"""Masks as people make them: gray, RGBA, palette; inverted, grown, blurred, pasted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from sdplay.core.errors import BadRequest
from sdplay.images.mask import bounding_box, check_paints, grown, pasted, read_mask, shaped


def read(image: Image.Image, folder: Path) -> list[list[int]]:
    image.save(folder / "mask.png")
    return read_mask(folder / "mask.png", image.size).tolist()


def row(mode: str, values: list[object]) -> Image.Image:
    image = Image.new(mode, (len(values), 1))
    image.putdata(values)
    return image


@pytest.mark.parametrize(
    ("mode", "values", "mask"),
    [
        ("L", [0, 128, 255], [0, 128, 255]),
        ("1", [0, 255], [0, 255]),
        ("RGB", [(0, 0, 0), (255, 255, 255)], [0, 255]),
        ("LA", [(0, 255), (255, 255)], [0, 255]),
        # all opaque: brightness counts, even where it is the same everywhere
        ("RGBA", [(0, 0, 0, 255), (0, 0, 0, 255)], [0, 0]),
        ("RGBA", [(255, 255, 255, 255), (0, 0, 0, 255)], [255, 0]),
        # a brush of one colour on nothing: alpha counts, whatever the colour
        ("RGBA", [(0, 0, 0, 255), (0, 0, 0, 0)], [255, 0]),
        ("RGBA", [(255, 0, 0, 128), (9, 9, 9, 0)], [128, 0]),
        ("RGBA", [(255, 255, 255, 0), (0, 0, 0, 0)], [0, 0]),
        # two colours and nothing: brightness, in the measure of alpha
        ("RGBA", [(255, 255, 255, 255), (0, 0, 0, 255), (255, 255, 255, 51), (1, 2, 3, 0)], [255, 0, 51, 0]),
    ],
)
def test_what_is_white(tmp_path: Path, mode: str, values: list[object], mask: list[int]) -> None:
    assert read(row(mode, values), tmp_path) == [mask]


def test_sixteen_bit_and_palette_masks(tmp_path: Path) -> None:
    assert read(Image.fromarray(np.array([[0, 65535]], np.uint16)), tmp_path) == [[0, 255]]
    assert read(row("L", [0, 255]).convert("P"), tmp_path) == [[0, 255]]


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    Image.new("L", (12, 34)).save(tmp_path / "mask.png")
    with pytest.raises(BadRequest, match="the mask is 12x34 and the picture 56x78") as caught:
        read_mask(tmp_path / "mask.png", (56, 78))
    assert caught.value.field == "mask"


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: path.write_text("no mask"), lambda path: path.mkdir()]
)
def test_a_mask_that_is_none(tmp_path: Path, make) -> None:
    make(tmp_path / "mask.png")
    with pytest.raises(BadRequest) as caught:
        read_mask(tmp_path / "mask.png", (1, 1))
    assert caught.value.field == "mask"


def noise(width: int, height: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


SIDES, SEEDS = st.integers(1, 40), st.integers(0, 9)


@given(SIDES, SIDES, SEEDS, st.integers(1, 9))
def test_growing_is_the_highest_of_a_square(width: int, height: int, seed: int, reach: int) -> None:
    mask = noise(width, height, seed)
    expected = np.asarray(Image.fromarray(mask).filter(ImageFilter.MaxFilter(2 * reach + 1)))
    if min(width, height) > 2 * reach:  # PIL leaves smaller pictures alone
        assert np.array_equal(grown(mask, reach), expected)
    assert grown(mask, reach).shape == mask.shape
    assert (grown(mask, reach) >= mask).all()


@given(SIDES, SIDES, SEEDS, st.integers(1, 60))
def test_shrinking_mirrors_growing_and_inverting_undoes_itself(width: int, height: int, seed: int, reach: int) -> None:
    mask = noise(width, height, seed)
    assert np.array_equal(shaped(mask, grow=-reach), 255 - shaped(255 - mask, grow=reach))
    assert np.array_equal(shaped(shaped(mask, invert=True), invert=True), mask)
    assert np.array_equal(shaped(mask), mask)


def test_inverting_comes_before_growing_and_that_before_blurring() -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    assert np.array_equal(shaped(mask, invert=True, grow=3), shaped(255 - mask, grow=3))
    assert np.array_equal(shaped(mask, grow=3, blur=2), shaped(shaped(mask, grow=3), blur=2))
    soft = shaped(mask, blur=2)
    assert soft[16, 16] == 255
    assert soft[0, 0] == 0
    assert 100 < soft[16, 8] < 255


def test_the_largest_reach_takes_no_minutes() -> None:
    mask = np.zeros((600, 800), np.uint8)
    mask[300, 400] = 255
    assert (grown(mask, 256) > 0).sum() == 513 * 513


def test_the_box_around_what_is_not_black() -> None:
    mask = np.zeros((20, 30), np.uint8)
    assert bounding_box(mask, 5) is None
    mask[4:6, 10:13] = 1
    assert bounding_box(mask, 0) == (10, 4, 13, 6)
    assert bounding_box(mask, 5) == (5, 0, 18, 11)
    assert bounding_box(mask, 99) == (0, 0, 30, 20)


@given(SIDES, SIDES, SEEDS)
def test_pasting_keeps_bytes_where_black_and_takes_them_where_white(width: int, height: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    old, new = random.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    mask = random.choice(np.array([0, 1, 128, 254, 255], np.uint8), (height, width))
    mixed = pasted(old, new, mask)
    assert np.array_equal(mixed[mask == 0], old[mask == 0])
    assert np.array_equal(mixed[mask == 255], new[mask == 255])
    assert (mixed >= np.minimum(old, new)).all()
    assert (mixed <= np.maximum(old, new)).all()


def disc(side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return ((x - side // 2) ** 2 + (y - side // 2) ** 2 < (side // 4) ** 2).astype(np.uint8) * 255


def photo(side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return np.dstack([x * 255 // side, y * 255 // side, np.full_like(x, 80)]).astype(np.uint8)


def with_alpha(colours: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([colours, alpha]))


def test_the_hole_in_a_photograph_is_painted(tmp_path: Path) -> None:
    assert read(with_alpha(photo(), 255 - disc()), tmp_path) == disc().tolist()
    blank = photo()
    blank[disc() > 0] = 0  # what an editor leaves in the hole
    assert read(with_alpha(blank, 255 - disc()), tmp_path) == disc().tolist()
    soft = np.asarray(Image.fromarray(disc()).filter(ImageFilter.GaussianBlur(1)))
    assert read(with_alpha(photo(), 255 - soft), tmp_path) == soft.tolist()


def test_what_is_drawn_on_nothing_is_painted(tmp_path: Path) -> None:
    """Strokes of one colour or of two, soft at their edges in alpha."""
    soft = np.asarray(Image.fromarray(disc()).filter(ImageFilter.GaussianBlur(3)))
    for colour in ((0, 0, 0), (255, 255, 255), (255, 0, 0)):
        assert read(with_alpha(np.full((64, 64, 3), colour, np.uint8), soft), tmp_path) == soft.tolist()
    black_and_white = np.dstack([disc()] * 3)
    assert (
        read(
            with_alpha(black_and_white, np.where(np.arange(64)[:, None] < 4, 0, 255).repeat(64, 1).astype(np.uint8)),
            tmp_path,
        )
        == np.where(np.arange(64)[:, None] < 4, 0, disc()).tolist()
    )


def test_a_gray_photograph_with_a_hole_is_asked_about(tmp_path: Path) -> None:
    gray = np.dstack([np.linspace(40, 215, 64, dtype=np.uint8)[None].repeat(64, 0)] * 3)
    with pytest.raises(BadRequest, match="a photograph with a hole to paint, or a soft mask") as caught:
        read(with_alpha(gray, 255 - disc()), tmp_path)
    assert "without transparency" in caught.value.hint


@pytest.mark.parametrize(("value", "reason"), [(0, "it is black"), (1, "its brightest value is 1 of 255")])
def test_a_mask_that_paints_nothing_is_refused(value: int, reason: str) -> None:
    with pytest.raises(BadRequest, match=f"paints nothing: {reason}") as caught:
        check_paints(np.full((4, 4), value, np.uint8), "m.png")
    assert caught.value.field == "mask"
    check_paints(np.full((4, 4), 2, np.uint8), "m.png")
