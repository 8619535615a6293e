"""The demo draws, keeps and lays out what it says, and never over an earlier one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay import demo
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own
from sdplay.images.sheet import Sheet
from sdplay.studio import Studio

PICTURES = len(demo.PROMPTS) + len(demo.STYLES) * len(demo.THINGS)


@pytest.fixture
def shown(tiny: Path, tmp_path: Path) -> Path:
    return demo.show(Studio(FakeExecutor()), str(tiny), tmp_path / "images")


def test_there_are_two_sheets_and_every_picture_holds_its_recipe(shown: Path) -> None:
    singles = sorted(shown.glob("*-*.png"))
    prompts = [read_own(path)[0].recipe.request.prompt for path in singles]
    assert prompts[: len(demo.PROMPTS)] == list(demo.PROMPTS)
    assert prompts[len(demo.PROMPTS) :] == [f"a {thing}, {style}" for style in demo.STYLES for thing in demo.THINGS]
    assert {path.name for path in shown.iterdir()} == {path.name for path in singles} | {"prompts.png", "styles.png"}


def test_a_second_demo_leaves_the_first_alone(shown: Path, tiny: Path) -> None:
    before = {path.name: path.read_bytes() for path in shown.iterdir()}
    again = demo.show(Studio(FakeExecutor()), str(tiny), shown.parent)
    assert again != shown
    assert {path.name: path.read_bytes() for path in shown.iterdir()} == before


def test_the_sheets_hold_the_pictures_in_order(shown: Path) -> None:
    singles = [read_own(path)[1] for path in sorted(shown.glob("*-*.png"))]
    prompts = np.asarray(Image.open(shown / "prompts.png"))
    first = Sheet(demo.prompts_layout(demo.PROMPTS[:4]))
    second = Sheet(demo.prompts_layout(demo.PROMPTS[4:]))
    assert prompts.shape[:2] == (first.image.height + second.image.height, first.image.width)
    assert prompts[corner(first, 0, 0)].tolist() == singles[0][0, 0].tolist()
    left, top = second.measures.corner(0, 0, 1)
    assert prompts[first.image.height + top, left].tolist() == singles[5][0, 0].tolist()
    styles = np.asarray(Image.open(shown / "styles.png"))
    sheet = Sheet(demo.styles_layout())
    seventh = len(demo.PROMPTS) + len(demo.THINGS) + 2
    assert styles[corner(sheet, 1, 2)].tolist() == singles[seventh][0, 0].tolist()


def corner(sheet: Sheet, row: int, column: int) -> tuple[int, int]:
    """The (row, column) of the upper left pixel of a cell."""
    left, top = sheet.measures.corner(0, row, column)
    return top, left


def test_it_says_where_how_long_and_what_next(shown: Path, capsys: pytest.CaptureFixture[str], tiny: Path) -> None:
    folder = demo.show(Studio(FakeExecutor()), str(tiny), shown.parent)
    said = capsys.readouterr().out
    assert f"{PICTURES:2}/{PICTURES}" in said
    assert str(folder / "prompts.png") in said
    assert str(folder / "styles.png") in said
    assert "--model PATH/TO/stable-diffusion-v1-5" in said


@pytest.mark.parametrize("prompt", [*demo.PROMPTS, *demo.THINGS])
def test_the_demo_asks_for_things_the_model_was_taught(prompt: str) -> None:
    lines = (Path(__file__).parents[2] / "training" / "concepts.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition("|")[0].strip() for line in lines if line and not line.startswith("#")}
    assert any(name in prompt for name in names)
