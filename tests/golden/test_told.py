"""What is told as JSON, every flag, pictures of A1111, and the original command line: all as they were recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden import recorded
from tests.golden.cases import COMMANDS, FOREIGN, ORIGINAL, TOLD
from tests.golden.recorded import REFERENCE, TOLERANCE_BFLOAT16, assert_close, assert_equal, frames_in, pixels_of, run

RECORD, ORIGINALS, OPTIONS = recorded.load("told"), recorded.load("original"), recorded.load("options")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return recorded.prepare(tmp_path, monkeypatch)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_stays(name: str) -> None:
    outcome = run(*TOLD[name])
    assert outcome.code == 0, outcome.err
    assert_equal(json.loads(outcome.out), RECORD[name], name)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_stays(command: str) -> None:
    outcome = recorded.whole_help(command)
    assert outcome.code == 0, outcome.err
    assert set(OPTIONS[command]) <= set(recorded.spelled(outcome.out))


def test_a_picture_of_a1111_is_taken_over_as_it_was(here: Path) -> None:
    record = recorded.load("foreign")
    outcome = run(*recorded.drawing(FOREIGN, "foreign"))
    assert outcome.code == 0, outcome.err
    assert [line["recipe"] for line in outcome.lines] == [line["recipe"] for line in record["lines"]]
    found = recorded.pictures_in(here / "foreign")
    (file,) = found
    for part in ("infotext", "size"):
        assert found[file][part] == record["files"][file][part]
    assert_equal(found[file]["held"]["recipe"], record["files"][file]["held"]["recipe"], file)
    if recorded.same_machine():
        assert found == record["files"]


@pytest.mark.parametrize("name", ORIGINAL)
def test_the_original_command_line_asks_and_draws_as_it_did(
    here: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags, answers = ORIGINAL[name]
    outcome = recorded.run_original(flags, answers, monkeypatch)
    assert outcome.code == 0, outcome.err
    assert outcome.questions == ORIGINALS[name]["questions"]
    assert_equal(recorded.made_by_original(here / "images"), ORIGINALS[name]["recipes"], name)
    if name == "animate":
        strip = recorded.strip(frames_in(here / "images" / "animate-1"))
        assert_close(strip, pixels_of(REFERENCE / "original-animate.webp"), name, TOLERANCE_BFLOAT16)
