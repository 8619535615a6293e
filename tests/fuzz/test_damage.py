"""A film whose folder is damaged ends as the same film, or is refused in words: never as another film."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from tests.fuzz.damage import copied, damage, stop_halfway
from tests.fuzz.forks import Forks, Ran, forks
from tests.fuzz.place import environment, furnish
from tests.fuzz.rules import SLOW, broken_rules, listing

FILM = ("animate", "a cat", "--max-frames", "12", "--seed", "5", "--steps", "2", "--format", "gif", "-o", "film")
NOT_OURS = ("folder", "loop", "endless", "fifo")  # what no program of ours makes: refused if the message names it


def frames(job: Path) -> list[bytes]:
    return [Image.open(path).convert("RGB").tobytes() for path in sorted((job / "frames").glob("*.png"))]


def may_be_refused(what: str, said: str) -> bool:
    """Whether a film damaged by `what` may be refused: its description, and what is no file, if it is named."""
    damages = [damage.partition(" ") for damage in what.split(", ")]
    names = [Path(path).name for kind, _, path in damages if path == "job.json" or kind in NOT_OURS]
    return any(name in said for name in names)


def wrongs(ran: Ran, here: Path, before: list[str], whole: list[bytes], what: str) -> list[str]:
    """What went wrong with a resumed film that had been damaged by `what`."""
    wrong = [rule for rule in broken_rules(ran, here, before) if not rule.startswith("a refused command left")]
    if ran.code == 0 and frames(here / "job") != whole:
        wrong.append("another film")
    if ran.code == 0 and not (here / "job" / "video.gif").is_file():
        wrong.append("no film")
    if ran.code != 0 and not may_be_refused(what, ran.err):
        wrong.append(f"exit code {ran.code}")
    return wrong


@pytest.fixture
def running() -> object:
    with forks() as run:
        yield run


@pytest.mark.parametrize(("seed", "count"), [(1, 12), pytest.param(2, 150, marks=SLOW)])
def test_damaged_films_go_on(tmp_path: Path, running: Forks, seed: int, count: int) -> None:
    here, wrong = furnish(tmp_path), []
    assert running.run(FILM, here, environment(tmp_path)).code == 0
    whole = frames(here / "film")
    assert len(whole) == 12
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        job = copied(here / "film", here / "job")
        if number % 2:
            stop_halfway(job, 2)
        what = damage(rng, number // 2, job)
        before = listing(here)
        ran = running.run(("resume", "job"), here, environment(tmp_path))
        found = wrongs(ran, here, before, whole, what)
        if found:
            wrong.append((number, what, found, ran.err[-300:]))
    assert not wrong, "\n".join(map(str, wrong))
