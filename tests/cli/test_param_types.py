"""Values of flags that people write in their own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commandline import Sdplay
from tests.support.given import photo


@pytest.mark.parametrize(
    ("typed", "ending"), [("jpg", ".jpg"), ("JPG", ".jpg"), (".jpg", ".jpg"), ("jpeg", ".jpg"), ("WebP", ".webp")]
)
def test_a_kind_of_file_is_known_by_its_ending(sdplay: Sdplay, typed: str, ending: str) -> None:
    outcome = sdplay("a cat", "--format", typed)
    assert outcome.code == 0, outcome.err
    assert [path.suffix for path in outcome.paths] == [ending]


def test_a_kind_that_is_not_made_is_refused(sdplay: Sdplay) -> None:
    assert "'bmp' is not one of 'png', 'webp'" in sdplay("a cat", "--format", "bmp").err


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("line", [["draw-units", "job", "--lease"], ["serve", "--status", "--idle-minutes"]], ids=str)
def test_a_time_is_a_finite_number(sdplay: Sdplay, line: list[str], number: str) -> None:
    outcome = sdplay(*line, number)
    assert outcome.code == 2
    assert line[-1] in outcome.err
    assert f"{number} is not" in outcome.err.replace("'", "")


def test_a_kind_of_film_may_be_in_capitals(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("dream", "a", "b", "--num", "2", "--size", "64", "--format", "GIF", "--out", "film")
    assert outcome.code == 0, outcome.err
    assert (here / "film" / "video.gif").is_file()


@pytest.mark.parametrize(
    "line",
    [
        ["a cat", "--out", "cat.png"],
        ["a cat", "--out", "there.PNG"],
        ["a cat", "--out", "there"],
        ["dream", "a", "b", "--num", "2", "--out", "film.mp4"],
        ["animate", "a", "--max-frames", "2", "--out", "film.mp4"],
        ["upscale", "there.PNG", "--out", "large.png"],
    ],
)
def test_the_name_of_a_file_is_no_folder(sdplay: Sdplay, here: Path, line: list[str]) -> None:
    photo(here / "there.PNG")
    (here / "there").write_text("a file")
    before = sorted(here.iterdir())
    outcome = sdplay(*line)
    assert outcome.code == 2
    assert f"--out = '{line[-1]}': is " in outcome.err
    assert "a file, and a folder is meant" in outcome.err
    assert sorted(here.iterdir()) == before


def test_a_folder_whose_name_looks_like_a_file_can_be_used_on(sdplay: Sdplay, here: Path) -> None:
    (here / "cat.png").mkdir()
    assert sdplay("a cat", "--out", "cat.png").paths[0].parent == Path("cat.png")


@pytest.mark.parametrize("typed", ["60%", "0,6", "much"])
def test_what_is_no_number_is_told_in_plain_words(sdplay: Sdplay, typed: str) -> None:
    outcome = sdplay("a cat", "--guidance", typed)
    assert outcome.code == 2
    assert f"'{typed}' is not a number; write 0.6" in outcome.err
