"""The sheets of docs/sheets.md are made by the commands on that page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from docs import sheets
from tests.docs.pages import ROOT

PICTURES = ROOT / "docs" / "pictures"
MODES = sheets.PAGES[0].read_text(encoding="utf-8")
pages = pytest.mark.parametrize("page", sheets.PAGES, ids=lambda page: page.stem)


def test_every_mode_of_pictures_has_a_sheet_on_the_page() -> None:
    from sdplay.requests.request import STILLS

    assert dict(sheets.sections(MODES)).keys() == STILLS.keys()


@pages
def test_a_page_shows_the_sheets_of_its_sections(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name, lines in sheets.sections(text):
        assert f"pictures/{name}.webp)" in text
        assert (PICTURES / f"{name}.webp").stat().st_size < 150_000
        if any(line.is_sheet for line in lines):
            assert len(lines) == 1
            continue
        assert 4 <= sum(bool(line.label) for line in lines) <= 16 or lines[0].script
        with Image.open(PICTURES / f"{name}.webp") as image:
            assert image.width == sheets.ACROSS * (sheets.CELL + sheets.GAP) + sheets.GAP


def test_no_two_sheets_have_one_name() -> None:
    names = [name for page in sheets.PAGES for name, _ in sheets.sections(page.read_text(encoding="utf-8"))]
    assert len(set(names)) == len(names)


@pages
def test_the_commands_of_the_page_make_the_sheets(
    page: Path, builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    before = Path.cwd()
    written = sheets.make(tmp_path, page)
    assert Path.cwd() == before
    assert [path.stem for path in written] == [name for name, _ in sheets.sections(page.read_text(encoding="utf-8"))]
    for path in written:
        with Image.open(path) as fresh, Image.open(PICTURES / path.name) as shown:
            assert fresh.size == shown.size


def test_one_sheet_can_be_made_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    assert [path.name for path in sheets.make(tmp_path, sheets.PAGES[0], ["txt2img"])] == ["txt2img.webp"]


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
