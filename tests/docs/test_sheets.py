"""The sheets of docs/sheets.md are made by the commands on that page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from docs import sheets
from tests.docs.pages import ROOT

PICTURES = ROOT / "docs" / "pictures"
PAGE = sheets.PAGE.read_text(encoding="utf-8")


def test_every_mode_of_pictures_has_a_sheet_on_the_page() -> None:
    from sdplay.core.request import STILLS

    made = dict(sheets.sections(PAGE))
    assert made.keys() == STILLS.keys()
    for mode, lines in made.items():
        assert f"](pictures/{mode}.webp)" in PAGE
        assert sum(bool(line.label) for line in lines) == 8
        assert (PICTURES / f"{mode}.webp").stat().st_size < 150_000
        with Image.open(PICTURES / f"{mode}.webp") as image:
            assert image.width == sheets.ACROSS * (sheets.CELL + sheets.GAP) + sheets.GAP


def test_the_commands_of_the_page_make_the_sheets(
    builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    before = Path.cwd()
    written = sheets.make(tmp_path)
    assert Path.cwd() == before
    assert [path.name for path in written] == [f"{mode}.webp" for mode, _ in sheets.sections(PAGE)]
    for path in written:
        with Image.open(path) as fresh, Image.open(PICTURES / path.name) as shown:
            assert fresh.size == shown.size


def test_a_command_that_fails_stops_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    with pytest.raises(RuntimeError, match="exit code 2: sdplay img2img cat"):
        sheets.run("sdplay img2img cat")
    assert "image" in capsys.readouterr().err


def test_a_sheet_shows_pictures_in_order_and_in_proportion() -> None:
    wide, tall = Image.new("RGB", (64, 32), "red"), Image.new("RGB", (32, 64), "blue")
    page = sheets.sheet([(wide, "one"), (tall, "two")])
    middle = sheets.GAP + sheets.CELL // 2
    second = middle + sheets.CELL + sheets.GAP
    assert [page.getpixel((x, middle)) for x in (middle, second)] == [(255, 0, 0), (0, 0, 255)]
    assert page.getpixel((middle, sheets.GAP + 4)) == (255, 255, 255)
    assert page.getpixel((second - sheets.CELL // 2 + 4, middle)) == (255, 255, 255)
