"""Every value, function and refusal on the page about schedules is computed."""

from __future__ import annotations

import re

import pytest

from sdplay.core.errors import BadRequest
from sdplay.film.curve import Curve, check_range, parse_curve
from sdplay.film.curve_text import MODES
from sdplay.film.expression_names import FILM_NAMES, FUNCTIONS, SOUND_NAMES, Timeline
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "schedules.md").read_text(encoding="utf-8")
TIMELINE = Timeline(frames=31, seed=7, fps=30)
ROW = re.compile(r"^\| `(.+?)` \| (\d+: .+) \|$", re.MULTILINE)
EXAMPLE = re.compile(r"^\| (.+) \| `(.+)` = (\S+) \|$", re.MULTILINE)
REFUSED = re.compile(r"^\| `(.+)` \| (.+) \|$", re.MULTILINE)
FILM = PAGE.partition("## What is refused")


def curve(text: str) -> Curve:
    return parse_curve("zoom", text, TIMELINE)


@pytest.mark.parametrize(("text", "values"), ROW.findall(FILM[0]))
def test_a_schedule_has_the_values_beside_it(text: str, values: str) -> None:
    for pair in values.split(", "):
        frame, value = pair.split(": ")
        assert curve(text).at(int(frame)) == pytest.approx(float(value), abs=1e-6), pair


@pytest.mark.parametrize(("names", "text", "value"), EXAMPLE.findall(PAGE))
def test_a_function_computes_what_the_table_says(names: str, text: str, value: str) -> None:
    assert curve(f"0:({text})").at(0) == pytest.approx(float(value), abs=1e-5)


@pytest.mark.parametrize(("text", "said"), REFUSED.findall(FILM[2]))
def test_what_is_refused_is_refused_with_these_words(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_range(curve(text))
    assert said in str(refused.value)


def test_the_page_leaves_nothing_out() -> None:
    assert len(ROW.findall(FILM[0])) > 15
    assert len(REFUSED.findall(FILM[2])) > 7
    listed = " ".join(names for names, _, _ in EXAMPLE.findall(PAGE))
    assert {name for name in FUNCTIONS if not re.search(rf"\b{name}\b", listed)} == set()
    for word in {*MODES, *FILM_NAMES, *SOUND_NAMES, "t", "pi", "e", "tau"}:
        assert f"`{word}`" in PAGE, word
