"""`sdplay things`, and what is said of prompts and sizes that a model cannot draw."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sdplay.library import upscalers
from tests.support.builtin import FIRST
from tests.support.commandline import Sdplay

MODEL = ("--model", FIRST)


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no network were installed, whether one is or not."""
    monkeypatch.setattr(upscalers, "weights_folder", lambda: None)


def test_all_things_are_listed_in_columns_by_group(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    outcome = sdplay("things", *MODEL)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0] == f"{FIRST} draws 327 things:"
    assert "Food, drink" in lines
    assert any(line.split()[:2] == ["apple", "tomato"] for line in lines)
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1].startswith(
        'Combine one thing with the rest: "a white apple, 3d, on a black background"; styles: 3d,'
    )


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("kitten", "cat (kitty, kitten, cat face) 🐱 🐈"),
        ("peppers", "hot pepper (chili) 🌶\nbell pepper (paprika) 🫑"),
        ("🚀", "rocket (spaceship) 🚀"),
        ("кот", "cat (kitty, kitten, cat face) 🐱 🐈"),
        ("logo", f"'logo' is not among the 327 things that {FIRST} draws; nearest: recycling symbol"),
        (".", f"'.' is not among the 327 things that {FIRST} draws"),
        ("ｃｈâｔｅａｕ", "castle 🏰"),
        ("qwerty", f"'qwerty' is not among the 327 things that {FIRST} draws"),
    ],
)
def test_a_word_finds_its_things_or_the_nearest(sdplay: Sdplay, word: str, found: str) -> None:
    outcome = sdplay("things", word, *MODEL)
    assert (outcome.code, outcome.out.strip()) == (0, found)


def test_a_very_long_word_is_not_repeated(sdplay: Sdplay) -> None:
    outcome = sdplay("things", "q" * 5000, *MODEL)
    assert "qq … qqq" in outcome.out
    assert "(5,000 characters) is not among the 327 things" in outcome.out
    assert len(outcome.out) <= 300


def test_as_json(sdplay: Sdplay, tiny: Path) -> None:
    found = json.loads(sdplay("things", "bell", "--json", *MODEL).out)
    assert [thing["name"] for thing in found["things"]] == ["bell pepper", "bell"]
    assert (found["model"], found["most_things"]) == (FIRST, 1)
    assert "red" in found["words"]["colour"]
    assert json.loads(sdplay("things", "--json", "--model", str(tiny)).out)["things"] is None
    of_none = json.loads(sdplay("things", "logo", "--json", *MODEL).out)
    assert (found["nearest"], of_none["things"], of_none["nearest"]) == ([], [], ["recycling symbol"])


def test_another_model_keeps_no_list(sdplay: Sdplay, tiny: Path) -> None:
    outcome = sdplay("things", "--model", str(tiny))
    assert outcome.code == 0
    assert outcome.out.startswith(f"{tiny.name} keeps no list of what it draws")
    assert sdplay("things", "--model", "nowhere").code == 2


def test_words_and_sizes_that_it_cannot_draw_are_said_on_stderr_alone(sdplay: Sdplay) -> None:
    outcome = sdplay("two apples on a table", "--size", "256", "--seed", "1", *MODEL)
    notes = [line for line in outcome.err.splitlines() if line.startswith("note: ")]
    assert outcome.code == 0
    assert len(notes) == 3
    assert notes[0].endswith("drawn at 128x128, then enlarged to 256x256 by lanczos; --anyway draws it as asked")
    assert notes[1].startswith(f"note: 'table' is not among the 327 things that {FIRST} knows")
    assert f"drawing 1 picture of 128x128, then 256x256, with {FIRST}" in outcome.err
    assert "note" not in outcome.out
    quiet = sdplay("two apples on a table", "--size", "256", "--quiet", "--json", *MODEL)
    assert quiet.err == ""
    assert json.loads(quiet.out)["path"].startswith("images/")


def test_what_it_can_draw_and_other_models_need_no_word(sdplay: Sdplay) -> None:
    assert "note" not in sdplay("a red apple, 3d render", *MODEL).err
    assert "note" not in sdplay("a sunset over the sea", "--size", "512").err


def test_who_insists_draws_as_asked_and_is_told(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--size", "256", "--anyway", *MODEL)
    assert f"drawing 1 picture of 256x256 with {FIRST}" in outcome.err
    assert f"note: {FIRST} is made for 128x128 pixels: larger ones come out as patterns" in outcome.err


def test_of_several_requests_it_is_said_once(sdplay: Sdplay) -> None:
    Path("prompts.txt").write_text("a yak\na red yak\n")
    outcome = sdplay("txt2img", "--prompts-from", "prompts.txt", "--size", "256", *MODEL)
    assert outcome.err.count("'yak' is not among") == 1
    assert outcome.err.count("then enlarged to 256x256") == 1


def test_grids_and_plans_say_it_too(sdplay: Sdplay) -> None:
    grid = sdplay("a cat", "--grid", "prompt=cat|yak", *MODEL)
    assert grid.err.count("note: 'yak' is not among") == 1
    assert "note     'yak' is not among" in sdplay("plan", "txt2img", "a yak", *MODEL).out
    film = sdplay("plan", "dream", "a pear", "a sunset", "--num", "4", "--size", "256", *MODEL).out
    assert "note    'sunset' (nearest: sun) is not among" in film
    assert f"note    {FIRST} is made for 128x128 pixels" in film
    animated = sdplay("plan", "animate", '{"0": "a pear", "3": "a yak --neg fog"}', "--max-frames", "6", *MODEL).out
    assert "note    'yak' is not among" in animated
    assert "fog' " not in animated


def test_films_say_it_while_they_are_made(sdplay: Sdplay) -> None:
    outcome = sdplay("dream", "a pear", "a sunset", "--num", "3", "--size", "64", *MODEL)
    assert outcome.code == 0
    assert "note: 'sunset' (nearest: sun) is not among the 327 things" in outcome.err
