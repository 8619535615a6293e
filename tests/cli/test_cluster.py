"""`--executor ray` and `sdplay cluster check`, with workers that are threads."""

from __future__ import annotations

import pytest

from sdplay.cli import cluster
from sdplay.executors.cluster import ray_crew
from tests.support.commandline import Sdplay
from tests.support.crew import OTHER, Hand, ThreadCrew, several


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> list[ThreadCrew]:
    """The crews that commands made."""
    made: list[ThreadCrew] = []

    def joined(address: str, **_: object) -> ThreadCrew:
        assert address == "10.0.0.1:6379"
        made.append(ThreadCrew(*several(3), Hand("other", OTHER)))
        return made[-1]

    monkeypatch.setattr(ray_crew, "RayCrew", joined)
    monkeypatch.setattr(cluster, "QUIET", 0.5)
    return made


THERE = ("--executor", "ray", "--address", "10.0.0.1:6379")


def test_pictures_are_those_of_this_process(sdplay: Sdplay, crew: list[ThreadCrew]) -> None:
    here = sdplay("a cat", "-n", "5", "--seed", "3", "--out", "one", "-q")
    there = sdplay("a cat", "-n", "5", "--seed", "3", "--out", "two", "-q", *THERE)
    assert (here.code, there.code, len(crew)) == (0, 0, 1)
    one, two = ([path.read_bytes() for path in outcome.paths] for outcome in (here, there))
    assert len(one) == 5
    assert one == two
    assert sum(len(hand.drew) for hand in crew[0].hands.values()) == 5


def test_a_grid_and_a_film_are_drawn_there(sdplay: Sdplay, crew: list[ThreadCrew]) -> None:
    assert sdplay("a cat", "--grid", "steps=2,3,4", "--seed", "1", "--out", "grid", *THERE).code == 0
    film = sdplay("dream", "a cat", "a dog", "--num", "6", "--batch-size", "2", "--seed", "1", "--out", "film", *THERE)
    assert film.code == 0
    drew = [sorted(indices for hand in made.hands.values() for indices in hand.drew) for made in crew]
    assert drew == [[(0,), (0,), (0,)], [(0, 1), (2, 3), (4, 5)]]


def test_a_worker_that_differs_is_named(sdplay: Sdplay, crew: list[ThreadCrew]) -> None:
    outcome = sdplay("a cat", "--seed", "3", *THERE)
    assert "note: other gets nothing to draw, since torch is 3 on there and 2 on here; --mixed lets" in outcome.err


@pytest.mark.parametrize(
    "flags", [["--audit", "5%"], ["--address", "10.0.0.1:6379"], ["--mixed"]], ids=lambda it: it[0]
)
@pytest.mark.parametrize(
    "command",
    [["a cat"], ["a cat", "--prepare", "--out", "job"], ["dream", "a", "b", "--num", "4"], ["resume", "job"]],
    ids=lambda it: it[0],
)
def test_flags_of_a_cluster_mean_nothing_without_one(sdplay: Sdplay, command: list[str], flags: list[str]) -> None:
    outcome = sdplay(*command, *flags)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {flags[0]} = ")
    assert "is for drawing on a cluster\n  → add --executor ray, or leave it out" in outcome.err
    assert not outcome.out


def test_check_shows_every_worker_and_its_arithmetic(sdplay: Sdplay, crew: list[ThreadCrew]) -> None:
    outcome = sdplay("cluster", "check", "--address", "10.0.0.1:6379")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].split()[:3] == ["WORKER", "HOST", "DEVICE"]
    assert [line.split()[0] for line in lines[1:5]] == ["other", "worker", "worker", "worker"]
    assert lines[5].endswith("pictures a minute together")
    assert "note: other draws other bits: torch is 3 on there and 2 on here" in outcome.err
    assert sorted(len(hand.drew) for hand in crew[0].hands.values()) == [2, 2, 2, 2]
