"""Both sides of a film are the same film, frame by frame, and its three rows are measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import filming
from benchmarks.contestants import Ours, Work
from benchmarks.filming import FPS, PROMPTS, Replay, film_section, our_film, take_turns, timed
from benchmarks.measure import Process, psnr
from benchmarks.stock_film import StockFilm
from sdplay.executors.inline import InlineExecutor
from sdplay.film.video.container import verify_film

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
FRAMES = 5  # the middle one is a key, and two lie between keys


@pytest.fixture
def work(tiny_v: Path) -> Work:
    return Work(model=str(tiny_v), threads=1, steps=3, schedule="trailing")


def test_the_films_agree_in_float32(work: Work, tmp_path: Path) -> None:
    film = our_film(work, FRAMES)
    numerics = replace(film.settled.recipe.numerics, dtype="float32", decode_dtype="float32")
    settled = replace(film.settled, recipe=replace(film.settled.recipe, numerics=numerics))
    film = replace(film, settled=settled)
    ours = film.pictures(film.make(InlineExecutor(), tmp_path / "ours"))
    stock = StockFilm(Ours(work, dtype="float32", decode_dtype="float32"), PROMPTS, FRAMES, FPS)
    theirs = stock.pictures(stock.make(tmp_path / "stock"))
    assert ours.shape == theirs.shape
    assert min(psnr(one, other) for one, other in zip(ours, theirs, strict=True)) > 45
    counted = [verify_film(tmp_path / name / "video.mp4").frames for name in ("ours", "stock")]
    assert counted == [FRAMES, FRAMES]


def test_a_replayed_film_is_the_film_that_was_drawn(work: Work, tmp_path: Path) -> None:
    film = our_film(work, FRAMES)
    drawn = film.pictures(film.make(InlineExecutor(), tmp_path / "drawn"))
    again = film.pictures(film.make(Replay(drawn), tmp_path / "again"))
    assert np.array_equal(drawn, again)


def test_contestants_take_turns() -> None:
    called: list[str] = []
    runs = take_turns([lambda: called.append("a"), lambda: called.append("b")], rounds=2)
    assert "".join(called) == "abab"
    assert [len(each) for each in runs] == [2, 2]


def test_a_run_is_timed_on_both_clocks() -> None:
    """Asked of the clocks themselves: how long work takes is another thing on every machine."""

    def work() -> None:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass

    assert timed(work).cpu > 0.04  # what the system counts is rounded
    assert timed(lambda: time.sleep(0.05)).wall >= 0.05


def test_the_section_has_both_clocks_and_the_share_that_is_not_drawing(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([Process(wall=4.0, cpu=8.0), Process(wall=12.0, cpu=16.0), Process(wall=1.0, cpu=2.0)])

    def pretend(contestant: Callable[[], object]) -> Process:
        contestant()
        return next(told)

    monkeypatch.setattr(filming, "timed", pretend)
    section = film_section(work, rounds=1, frames=4)
    assert [(row.key, row.clock) for row in section.rows] == [
        ("film-wall", "wall"),
        ("film-cpu", "CPU"),
        ("film-rest", "CPU"),
    ]
    drawing, rest = section.rows[1], section.rows[2]
    assert (section.rows[0].ours, drawing.ours, drawing.peer, rest.ours) == (1.0, 2.0, 4.0, 0.5)  # of 4 frames
    assert "dB" in drawing.loss
    assert rest.loss == "25% of a frame"
