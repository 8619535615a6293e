"""Films of every kind come out as they were recorded, and those that an older version began are gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.golden import recorded
from tests.golden.cases import FILMS, PROVED
from tests.golden.recorded import REFERENCE, assert_close, assert_equal, film_in, frames_in, pixels_of, run

RECORD = recorded.load("films")
OF_PIXELS = ("journal", "frames", "films")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return recorded.prepare(tmp_path, monkeypatch)


def test_every_film_has_a_record() -> None:
    assert {name: tuple(one["argv"]) for name, one in RECORD.items()} == {name: one for name, (one, _) in FILMS.items()}


@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_made_as_it_was(here: Path, name: str) -> None:
    outcome = run(*FILMS[name][0], "--out", "film", "--quiet")
    assert outcome.code == 0, outcome.err
    assert_film(here / "film", name)
    if name in PROVED:
        again = run("verify", "film")
        assert again.code == 0, again.out


@pytest.mark.parametrize("name", FILMS)
def test_a_film_that_was_begun_before_is_gone_on_with(here: Path, name: str) -> None:
    before = sorted((recorded.JOBS / name / "frames").iterdir())
    shutil.copytree(recorded.JOBS / name, here / "film")
    units, total = FILMS[name][1], len([frame for frame in RECORD[name]["frames"] if frame.startswith("frames/")])
    shown = json.loads(run("show", "film", "--json").out)
    finished = RECORD[name]["journal"][:units]
    assert shown["frames"]["done"] == sum(unit["stop"] - unit["first"] for unit in finished) < total
    assert shown["frames"]["total"] == total
    assert shown["digest"] == RECORD[name]["digest"]
    outcome = run("resume", "film", "--quiet")
    assert outcome.code == 0, outcome.err
    assert_film(here / "film", name)
    for path in before[: shown["frames"]["done"]]:
        assert (here / "film" / "frames" / path.name).read_bytes() == path.read_bytes(), path.name
    if name in PROVED:
        assert_nothing_left_to_do(here / "film")


def assert_nothing_left_to_do(film: Path) -> None:
    """What is finished stays as it is when the same is asked for again."""
    before = {path: path.stat().st_mtime_ns for path in film.rglob("*.png")}
    assert run("resume", "film").code == 0
    assert {path: path.stat().st_mtime_ns for path in film.rglob("*.png")} == before


def assert_film(folder: Path, name: str) -> None:
    """The film in `folder` is the one recorded: its description, its digest, its frames; here also the file's bytes."""
    found, record = film_in(folder), {part: value for part, value in RECORD[name].items() if part != "argv"}
    if not recorded.same_machine():
        for one in (found, record := json.loads(json.dumps(record))):
            assert_equal(shape(one), shape(record), name)
            for part in OF_PIXELS:
                del one[part]
    assert_equal(found, record, name)
    assert_close(recorded.strip(frames_in(folder)), pixels_of(REFERENCE / f"{name}.webp"), name)


def shape(film: dict[str, Any]) -> dict[str, Any]:
    """Which units, frames and files there are, without the hashes of their pixels."""
    return {
        "journal": [{part: unit[part] for part in ("unit", "first", "stop")} for unit in film["journal"]],
        "keys": [sorted(unit["keys"]) for unit in film["journal"]],
        "frames": sorted(film["frames"]),
        "films": sorted(film["films"]),
    }
