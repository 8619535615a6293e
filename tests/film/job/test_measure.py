"""A pace that is measured: once, before the first frame, and kept with the job."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.events import Drawn, Event, Filmed, Measuring, Resumed
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.film import shoot
from sdplay.film.request_dream import Dream
from sdplay.requests.base import make_request
from sdplay.studio import Studio
from sdplay.tasks import Task
from tests.support.shot import film, frames, same, shot

DREAM = {
    "prompts": ("a red apple", "a green apple", "a pear"),
    "num": 9,
    "pace": "perceptual",
    "steps": 9,
    "batch_size": 4,
}


class Watched(FakeExecutor):
    """Remembers what it was asked to draw: (pace of the recipe, steps, frames)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, tuple[int, ...]]] = []

    def run(self, task: Task) -> Generator[Event, None, None]:
        assert isinstance(task.recipe.request, Dream)
        self.asked.append((task.recipe.request.pace, task.recipe.steps, tuple(task.indices)))
        yield from super().run(task)

    @property
    def sketched(self) -> list[tuple[int, ...]]:
        return [indices for pace, steps, indices in self.asked if pace == "uniform" and steps == 8]


def table(out: Path) -> Any:
    return json.loads((out / "job.json").read_text())["description"]["recipe"].get("pace_table")


STRETCHES = [tuple(range(17)), tuple(range(16, 33))]


def test_it_is_measured_before_the_first_frame_and_kept(tmp_path: Path) -> None:
    executor = Watched()
    shooting = film(Studio(executor), tmp_path / "job", "dream", **DREAM)
    assert table(tmp_path / "job") is None
    events = shot(shooting)
    assert executor.sketched == STRETCHES
    assert [pace for pace, *_ in executor.asked[2:]] == ["perceptual"] * (len(executor.asked) - 2)
    assert [len(stretch) for stretch in table(tmp_path / "job")] == [17, 17]
    measuring = [event for event in events if isinstance(event, Measuring)]
    assert (measuring[-1].done, measuring[-1].total) == (34, 34)
    assert all(before.done <= after.done for before, after in pairwise(measuring))
    drawn = [event.picture for event in events if isinstance(event, Drawn)]
    assert [picture.index for picture in drawn] == list(range(9))
    assert [list(stretch) for stretch in drawn[0].recipe.pace_table] == table(tmp_path / "job")
    assert events.index(measuring[-1]) < next(i for i, event in enumerate(events) if isinstance(event, Resumed))


@pytest.mark.parametrize("again", ["resume", "the same command"])
def test_it_is_measured_once(again: str, tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))
    before, found = table(tmp_path / "job"), frames(tmp_path / "job")
    (tmp_path / "job" / "frames" / "000000004.png").unlink()
    executor = Watched()
    studio = Studio(executor)
    shooting = (
        studio.resume(tmp_path / "job") if again == "resume" else film(studio, tmp_path / "job", "dream", **DREAM)
    )
    assert isinstance(shot(shooting)[-1], Filmed)
    assert executor.sketched == []
    assert [indices for *_, indices in executor.asked] == [(4, 5, 6, 7)]
    assert table(tmp_path / "job") == before
    assert same(frames(tmp_path / "job"), found)


@pytest.mark.parametrize("stop", [1, 100, 17 * 8 + 30])
def test_a_measure_that_is_stopped_goes_on_where_it_was(stop: int, tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "whole", "dream", **DREAM))
    with closing(shoot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))) as events:
        for _ in range(stop):
            assert isinstance(next(events), Measuring)
    known = len(table(tmp_path / "job") or ())
    assert known == (1 if stop > 17 * 8 + 17 else 0)
    executor = Watched()
    shot(Studio(executor).resume(tmp_path / "job"))
    assert executor.sketched == STRETCHES[known:]
    assert table(tmp_path / "job") == table(tmp_path / "whole")
    assert same(frames(tmp_path / "job"), frames(tmp_path / "whole"))


def test_another_film_in_the_folder_is_told_as_ever(tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))
    with pytest.raises(BadRequest, match="seed") as refused:
        film(Studio(Watched()), tmp_path / "job", "dream", **DREAM | {"seed": 8})
    assert "pace_table" not in str(refused.value)


def test_other_films_are_not_measured(tmp_path: Path) -> None:
    executor = Watched()
    events = shot(film(Studio(executor), tmp_path / "job", "dream", **DREAM | {"pace": "uniform"}))
    assert executor.sketched == []
    assert not any(isinstance(event, Measuring) for event in events)
    assert table(tmp_path / "job") is None


def test_without_a_folder_there_is_no_measure_and_no_film(tiny: Path) -> None:
    request = make_request(Dream, **DREAM | {"model": str(tiny), "width": 64, "height": 64, "steps": 1})
    with Studio() as studio, pytest.raises(BadRequest, match="job folder"):
        studio.draw(request)


def test_a_real_model_is_measured_the_same_every_time(tiny: Path, tmp_path: Path) -> None:
    fields = DREAM | {"model": str(tiny), "num": 5, "steps": 1, "prompts": ("a red apple", "a pear")}
    with Studio() as studio:
        for name in ("one", "other"):
            shot(film(studio, tmp_path / name, "dream", **fields))
        shot(film(studio, tmp_path / "even", "dream", **fields | {"pace": "uniform"}))
    assert table(tmp_path / "one") == table(tmp_path / "other")
    one, even = frames(tmp_path / "one"), frames(tmp_path / "even")
    assert same(one, frames(tmp_path / "other"))
    assert same({i: one[i] for i in (0, 4)}, {i: even[i] for i in (0, 4)})
