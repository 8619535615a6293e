"""What is said of memory before drawing, what is refused, and `sdplay plan` for pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdplay.jobs.resolve
from sdplay.images.own import read_own
from tests.support.commandline import Sdplay

ASKED = ("a cat", "--seed", "7", "--size", "64", "--steps", "1")


@pytest.fixture
def model(tiny: Path) -> tuple[str, str]:
    return "--model", str(tiny)


def test_what_it_takes_is_said_before_it_is_drawn(sdplay: Sdplay, model: tuple[str, str]) -> None:
    outcome = sdplay(*ASKED, *model, "--max-memory", "2GiB")
    assert outcome.code == 0
    first = outcome.err.splitlines()[0]
    assert first.startswith("memory: 294 MiB predicted of 2.0 GiB allowed: one picture at a time")
    plain = sdplay(*ASKED, *model)
    assert "memory" not in plain.err
    recipes = [read_own(each.paths[0])[0].recipe for each in (outcome, plain)]
    assert recipes[0].digest == recipes[1].digest
    assert "memory" not in sdplay(*ASKED, *model, "--max-memory", "2GiB", "--quiet").err


def test_what_does_not_fit_is_refused_before_anything_is_loaded(sdplay: Sdplay, model: tuple[str, str]) -> None:
    outcome = sdplay(*ASKED, *model, "--max-memory", "100M")
    assert outcome.code == 2
    assert "--max-memory = '100M': is too little: not possible below 29" in outcome.err
    assert "this needs --max-memory 29" in outcome.err
    assert not outcome.out
    assert not Path("images").exists()


def test_a_model_of_unknown_size_cannot_be_promised_a_memory(sdplay: Sdplay) -> None:
    assert "its files do not tell how large it is" in sdplay(*ASKED, "--max-memory", "4GiB").err
    assert sdplay(*ASKED, "--low-memory").code == 0


@pytest.mark.parametrize("wrong", ["much", "0", "-1GiB"])
def test_what_is_no_amount_is_refused(sdplay: Sdplay, wrong: str) -> None:
    outcome = sdplay(*ASKED, f"--max-memory={wrong}")
    assert outcome.code == 2
    assert "--max-memory" in outcome.err
    assert "4096MiB" in outcome.err


def test_more_than_is_free_is_warned_of(
    sdplay: Sdplay, model: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdplay_memory, "memory_available", lambda: 100 * 2**20)
    outcome = sdplay(*ASKED, *model)
    assert outcome.code == 0
    assert "note: 294 MiB of memory predicted, and 100 MiB free: see --max-memory" in outcome.err
    monkeypatch.setattr(sdplay_memory, "memory_available", lambda: None)
    assert "note:" not in sdplay(*ASKED, *model).err


sdplay_memory = sdplay.jobs.resolve


def test_a_film_says_it_too(sdplay: Sdplay, model: tuple[str, str]) -> None:
    asked = ("dream", "a", "b", "--num", "2", "--size", "64", "--steps", "1", *model)
    outcome = sdplay(*asked, "--max-memory", "1G")
    assert outcome.code == 0
    assert " predicted of 1.0 GiB allowed: one picture at a time" in outcome.err


@pytest.mark.parametrize("flags", [(), ("--max-memory", "6GiB"), ("--low-memory",)])
def test_a_plan_draws_nothing_and_says_what_drawing_takes(
    sdplay: Sdplay, model: tuple[str, str], flags: tuple[str, ...]
) -> None:
    outcome = sdplay("plan", "txt2img", *ASKED, *model, "--precision", "float32", *flags)
    assert outcome.code == 0
    rows = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert "294 MiB predicted" in rows["memory"] or flags == ("--low-memory",)
    assert "1 picture of 64x64" in rows["picture"]
    assert "less" in rows
    assert not list(Path().rglob("*.png"))


def test_a_plan_of_a_model_without_weights_says_so(sdplay: Sdplay) -> None:
    outcome = sdplay("plan", "txt2img", *ASKED)
    assert outcome.code == 0
    assert "unknown: the files do not say how large the model is" in outcome.out
