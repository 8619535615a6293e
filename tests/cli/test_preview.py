"""Looking on: in the terminal, in a file, and saying so where neither is there."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay.cli.preview import LARGEST_SIDE, PreviewFile, shown
from sdplay.cli.progress import Bar
from sdplay.core.errors import BadRequest, StoreError
from sdplay.events import ImageDone, Started, Stepped
from tests.support.commandline import Sdplay
from tests.support.recipes import picture, recipe

RED, BLUE = (np.full((4, 6, 3), colour, np.uint8) for colour in ([[[255, 0, 0]]], [[[0, 0, 255]]]))


def step(*previews: np.ndarray) -> Stepped:
    return Stepped(indices=tuple(range(len(previews))), step=1, steps=2, previews=previews)


def test_pictures_that_are_drawn_together_stand_side_by_side() -> None:
    strip = shown(step(RED, BLUE))
    assert strip is not None
    assert strip.size == (13, 4)
    assert (strip.getpixel((0, 0)), strip.getpixel((12, 3))) == ((255, 0, 0), (0, 0, 255))
    assert shown(step()) is None


@pytest.mark.parametrize("name", ["latest.png", "latest.WEBP", "latest.jpg"])
def test_the_file_holds_what_is_emerging_and_then_the_picture(tmp_path: Path, name: str) -> None:
    viewer = PreviewFile(tmp_path / name)
    viewer.follow(step())
    assert not list(tmp_path.iterdir())
    viewer.follow(step(RED))
    with Image.open(tmp_path / name) as image:
        assert image.size == (LARGEST_SIDE, round(LARGEST_SIDE * 4 / 6))
        assert image.convert("RGB").getpixel((9, 9))[0] > 240
    viewer.follow(step(BLUE, BLUE))
    with Image.open(tmp_path / name) as image:
        assert image.convert("RGB").getpixel((9, 9))[2] > 240
    viewer.follow(ImageDone(picture=picture(recipe())))
    with Image.open(tmp_path / name) as image:
        assert image.size == (64, 64)
    assert [path.name for path in tmp_path.iterdir()] == [name]  # what it was written to first is gone


@pytest.mark.parametrize(
    ("name", "reason"), [("latest.txt", "not the name of a picture"), ("none/latest.png", "folder")]
)
def test_a_file_that_cannot_be_kept_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        PreviewFile(tmp_path / name)


def test_a_name_that_a_folder_has_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "latest.png").mkdir()
    with pytest.raises(StoreError):
        PreviewFile(tmp_path / "latest.png").follow(step(RED))


def test_the_command_keeps_the_file(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("a cat", "--seed", "7", "--preview-file", "latest.png", "--quiet")
    assert outcome.code == 0
    with Image.open("latest.png") as image, Image.open(outcome.paths[0]) as kept:
        assert image.convert("RGB").tobytes() == kept.convert("RGB").tobytes()
    refused = sdplay("a cat", "--preview-file", "latest.tiff", "--out", "none")
    assert refused.code == 2
    assert "--preview-file = 'latest.tiff'" in refused.err
    assert not (here / "none").exists()


def test_without_a_terminal_it_says_what_to_do(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--preview")
    assert outcome.code == 0
    assert "--preview-file FILE" in outcome.err
    assert "\x1b" not in outcome.out


class Screen(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_it_above_the_bars_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    with Bar() as bar:
        bar.follow(Started(recipe=recipe(), total=1))
        bar.follow(step(RED))
        with bar.aside():
            screen.write("ASIDE\n")  # what was live is taken away before, and drawn anew after
        bar.follow(ImageDone(picture=picture(recipe())))
        with bar.aside():
            screen.write("DRAWN\n")
    first, then, last = re.split("ASIDE\n|DRAWN\n", screen.getvalue())
    assert "255;0;0" in then
    assert then.rindex("▀") < then.index("pictures")
    assert then.count("\x1b[2K") >= 18  # sixteen rows of the preview and two bars, erased line by line
    assert "▀" not in last
    assert "loading" in first


def test_no_preview_is_higher_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80", "LINES": "9"}.items():
        monkeypatch.setenv(name, value)
    with Bar() as bar:
        bar.follow(Started(recipe=recipe(), total=1))
        bar.follow(step(RED))
        with bar.aside():
            screen.write("ASIDE\n")
    after = screen.getvalue().partition("ASIDE\n")[2].partition("pictures")[0]
    rows = [line for line in after.split("\n") if "▀" in line]
    assert len(rows) == 5
