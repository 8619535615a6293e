"""Labelled sheets: every picture at its place and unchanged, every label beside it, whatever it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.formats import Format
from sdplay.images.sheet import LINES, LONGEST_SIDE, MOST_PIXELS, Label, Layout, Sheet, wrapped
from sdplay.images.sheet_file import SheetAxis, SheetPicture, SheetRecord, encode_sheet, parse_sheet, sheet_chunk
from tests.support.recipes import recipe

LONG = "a very long value of many words that goes on and on until nobody reads it any more, and then some"


def labels(name: str, *values: str) -> tuple[Label, ...]:
    return tuple(Label(name, value) for value in values)


def layout(**fields: object) -> Layout:
    usual = {"columns": labels("steps", "1", "2"), "width": 64, "height": 48}
    return Layout(**{**usual, **fields})  # type: ignore[arg-type]


def noise(width: int, height: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "what",
    [
        layout(),
        layout(rows=labels("guidance", "3", "5", LONG), title="a castle"),
        layout(rows=labels("a", "3"), blocks=labels("seed", "1", "2", LONG), title=LONG * 3),
        layout(columns=labels("model", LONG, "x" * 300), rows=labels("prompt", "y" * 300, "")),
        layout(rows=labels("a", "1"), pictures=5),
        layout(width=400, height=300),
    ],
)
def test_every_picture_stands_unchanged_on_paper_that_no_label_leaves(what: Layout) -> None:
    sheet = Sheet(what)
    empty = np.asarray(sheet.image).copy()
    assert (empty[[0, -1]] == 255).all()  # nothing is cut at the edges
    assert (empty[:, [0, -1]] == 255).all()
    put: list[tuple[np.ndarray, tuple[int, int]]] = []
    for block in range(max(1, len(what.blocks))):
        for row in range(max(1, len(what.rows))):
            for column in range(len(what.columns)):
                for number in range(what.pictures):
                    pixels = noise(what.width, what.height, len(put))
                    sheet.put((block, row, column), pixels, number)
                    left, top = sheet.measures.corner(block, row, column)
                    down, across = divmod(number, what.across)
                    put.append((pixels, (left + across * what.width, top + down * what.height)))
    full = np.asarray(sheet.image)
    covered = np.zeros(full.shape[:2], bool)
    for pixels, (left, top) in put:
        place = np.s_[top : top + what.height, left : left + what.width]
        assert (full[place] == pixels).all()  # none lies over another
        assert (empty[place] == 255).all()  # nor over a label
        covered[place] = True
    assert (full[~covered] == empty[~covered]).all()
    assert (empty != 255).any()


def test_a_smaller_picture_stands_in_the_middle() -> None:
    sheet = Sheet(layout(columns=labels("size", "64x48", "32x16")))
    small = noise(32, 16, 3)
    sheet.put((0, 0, 1), small)
    left, top = sheet.measures.corner(0, 0, 1)
    assert (np.asarray(sheet.image)[top + 16 : top + 32, left + 16 : left + 48] == small).all()


def test_a_sheet_too_large_is_shrunk_as_a_whole() -> None:
    values = labels("seed", *map(str, range(20)))
    sheet = Sheet(layout(columns=values, rows=values, width=1024, height=1024))
    width, height = sheet.image.size
    assert max(width, height) <= LONGEST_SIDE
    assert width * height <= MOST_PIXELS
    assert width * height > MOST_PIXELS * 0.85
    sheet.put((0, 19, 19), np.zeros((1024, 1024, 3), np.uint8))
    left, top = sheet.measures.corner(0, 19, 19)
    assert sheet.image.getpixel((left + 5, top + 5)) == (0, 0, 0)


def test_a_thousand_pictures_make_a_sheet_that_is_not_too_large() -> None:
    sheet = Sheet(layout(columns=labels("seed", *map(str, range(1000))), width=128, height=128))
    assert max(sheet.image.size) <= LONGEST_SIDE


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=200), st.integers(3, 60))
def test_wrapped_text_fits_and_loses_nothing_in_silence(text: str, room: int) -> None:
    lines = wrapped(text, room, len)
    assert len(lines) <= LINES
    assert all(len(line) <= room for line in lines)
    whole = "".join(text.split())
    shown = "".join("".join(lines).split())
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]) and len(shown) <= len(whole) + 1)


def test_wrapping_breaks_at_words_and_long_words_anywhere() -> None:
    assert wrapped("one two three", 7, len) == ["one two", "three"]
    assert wrapped("abcdefghij", 4, len) == ["abcd", "efgh", "ij"]
    assert wrapped("abcdefghijklmnop", 4, len) == ["abcd", "efgh", "ijk…"]
    assert wrapped("one two three four five six seven", 9, len) == ["one two", "three", "four fiv…"]
    assert wrapped("", 9, len) == []


def record() -> SheetRecord:
    made = recipe(prompt='a "castle", ⛪ größer')
    axes = (SheetAxis(name="steps", values=("1", "2")), SheetAxis(name="prompt", values=("⛪", "größer")))
    places = [(0, row, column, 0) for row in range(2) for column in range(2)]
    pictures = tuple(
        SheetPicture(place=place, recipe="ab" * 32, index=0, pixels="cd" * 32, file=f"{n:05d}-7.png")
        for n, place in enumerate(places)
    )
    return SheetRecord(version="0.1.0", axes=axes, pictures=pictures, recipe=made)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_what_a_sheet_says_is_read_back(kind: Format, tmp_path: Path) -> None:
    (tmp_path / "sheet").write_bytes(encode_sheet(Image.new("RGB", (8, 8)), record(), kind))
    with Image.open(tmp_path / "sheet") as image:
        text = sheet_chunk(image)
    assert text is not None
    read = parse_sheet(text)
    assert read.as_json() == record().as_json()
    assert (read.axes, read.pictures, read.recipe.digest) == (record().axes, record().pictures, record().recipe.digest)


def test_a_sheet_is_no_jpeg_and_another_picture_no_sheet() -> None:
    with pytest.raises(BadRequest, match="kept without loss"):
        encode_sheet(Image.new("RGB", (8, 8)), record(), "jpeg")
    assert sheet_chunk(Image.new("RGB", (8, 8))) is None


def test_the_same_sheet_is_the_same_bytes() -> None:
    one, two = (encode_sheet(Sheet(layout()).image, record(), "png") for _ in range(2))
    assert one == two
