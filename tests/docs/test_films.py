"""The pictures of docs/films.md are made by the commands on that page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from docs import films
from tests.docs.pages import ROOT

PICTURES = ROOT / "docs" / "pictures"
PAGE = films.PAGE.read_text(encoding="utf-8")
SHOWN = sorted(set(films.SHOWN.findall(PAGE)))
LARGEST_SHEET, LARGEST_MOVING = 120_000, 400_000


def test_there_is_a_film_of_every_kind() -> None:
    commands = [command for film in films.films(PAGE) for command in film.commands]
    assert sum("dream" in command and "--loop" in command for command in commands) == 1
    for words in ("--angle", "--animation-mode 3D", "--animation-mode video"):
        assert sum(words in command for command in commands) == 1
    names = {film.job.name for film in films.films(PAGE)}
    assert {f"{name}-sheet.webp" for name in names} <= set(SHOWN)
    assert len(set(SHOWN) - {f"{name}-sheet.webp" for name in names}) == 2


@pytest.mark.parametrize("name", SHOWN)
def test_its_pictures_are_small_and_move_where_they_should(name: str) -> None:
    sheet = name.endswith("-sheet.webp")
    assert (PICTURES / name).stat().st_size < (LARGEST_SHEET if sheet else LARGEST_MOVING)
    with Image.open(PICTURES / name) as image:
        assert (getattr(image, "n_frames", 1) == 1) == sheet
        assert sheet or image.info["loop"] == 0  # 0 is for ever


def test_the_commands_of_the_page_make_its_pictures(
    builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    monkeypatch.setenv("SDPLAY_STEPS", "1")
    before = Path.cwd()
    written = films.make(tmp_path)
    assert Path.cwd() == before
    assert sorted(path.name for path in written) == SHOWN
    for path in written:
        with Image.open(path) as fresh, Image.open(PICTURES / path.name) as shown:
            assert fresh.size == shown.size
            assert getattr(fresh, "n_frames", 1) == getattr(shown, "n_frames", 1)


def test_a_sheet_shows_frames_from_the_whole_film() -> None:
    pictures = [Image.new("RGB", (8, 8), (number, 0, 0)) for number in range(24)]
    page = films.sheet(pictures)
    step = 8 + films.GAP
    corners = [page.getpixel((column * step, row * step)) for row in (0, 1) for column in range(films.ACROSS)]
    assert corners == [(number, 0, 0) for number in range(0, 24, 2)]


def test_a_moving_picture_has_the_pace_of_its_film(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"description": {"output": {"rate": "25/2"}}}))
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    films.save_moving(pictures, tmp_path, tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        film.load()
        assert (film.n_frames, film.info["duration"]) == (3, 80)


def test_a_command_that_fails_stops_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    with pytest.raises(RuntimeError, match="exit code 2: sdplay dream"):
        films.run("sdplay dream --num 0 cat")
    assert "num" in capsys.readouterr().err
