"""Pictures of every mode come out as they were recorded: recipe, digest, A1111's text and pixels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.golden import recorded
from tests.golden.cases import AGAIN, PICTURES, REFUSED
from tests.golden.recorded import TOLERANCE, TOLERANCE_BFLOAT16, assert_close, assert_equal, pixels_of, run

RECORD = recorded.load("pictures")
KEPT = recorded.load("kept")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return recorded.prepare(tmp_path, monkeypatch)


def tolerance(name: str) -> float:
    return TOLERANCE_BFLOAT16 if name == "bfloat16" else TOLERANCE


def assert_recorded(found: dict[str, Any], record: dict[str, Any], folder: Path, name: str) -> None:
    """What was drawn into `folder` is what the record says, in every bit or, on another machine, nearly so."""
    exact = recorded.same_machine()
    for part in ("lines", "files"):
        both = (found[part], record[part]) if exact else (bare(found[part]), bare(record[part]))
        assert_equal(*both, path=name)
    for file in record["files"]:
        assert_close(pixels_of(folder / file), pixels_of(recorded.PICTURES / name / file), file, tolerance(name))


def bare(record: Any) -> Any:
    """`record` without hashes of pixels; the digests of models and given files, in recipes, are none of them."""
    if isinstance(record, list):
        return [bare(value) for value in record]
    if not isinstance(record, dict):
        return record
    of_pixels = {"pixels", "digest"} if "path" in record else {"pixels"}
    return {
        name: value if name == "recipe" or isinstance(value, str | int) else bare(value)
        for name, value in record.items()
        if name not in of_pixels
    }


def test_every_command_line_has_a_record() -> None:
    assert {name: tuple(one["argv"]) for name, one in RECORD.items()} == PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_as_it_was(here: Path, name: str) -> None:
    outcome = run(*recorded.drawing(PICTURES[name], name))
    assert outcome.code == 0, outcome.err
    found = {"lines": outcome.lines, "files": recorded.pictures_in(here / name)}
    assert_recorded(found, RECORD[name], here / name, name)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_from_before_are_shown(here: Path, name: str) -> None:
    shutil.copytree(recorded.PICTURES / name, here / name)
    digests = [line["recipe"] for line in RECORD[name]["lines"] if "recipe" in line]
    for number, (file, record) in enumerate(RECORD[name]["files"].items()):
        assert recorded.facts_of(here / name / file) == record, "the record itself was changed"
        shown = run("show", f"{name}/{file}", "--json")
        assert shown.code == KEPT[f"{name}/{file}"]["show"], shown.err
        if shown.code == 0:
            told = json.loads(shown.out)
            version = {part: recorded.VERSION for part in ("sdplay", "sdplay_grid") if part in told}
            assert version
            assert_equal(told | version, record["held"], file)
            if number < len(digests):  # a sheet is told with the digest of its first picture, which is among them
                assert digests[number] in run("show", f"{name}/{file}").out


@pytest.mark.parametrize("name", AGAIN)
def test_a_picture_from_before_is_drawn_again(here: Path, name: str) -> None:
    shutil.copytree(recorded.PICTURES / name, here / name)
    line = RECORD[name]["lines"][0]
    outcome = run("again", line["path"], "--json", "--out", "again")
    assert outcome.code == 0, outcome.err
    (drawn,), (path,) = outcome.lines, (here / "again").iterdir()
    assert drawn["recipe"] == line["recipe"]
    if recorded.same_machine():
        assert drawn["digest"] == line["digest"]
    if path.suffix == ".png" and Path(line["path"]).suffix != ".jpg":
        assert_close(pixels_of(path), pixels_of(here / line["path"]), name, tolerance(name))


def test_pictures_from_before_are_verified(here: Path) -> None:
    shutil.copytree(recorded.PICTURES, here, dirs_exist_ok=True)
    first = [f"{name}/{next(iter(record['files']))}" for name, record in RECORD.items() if name not in AGAIN]
    provable = [path for path in first if KEPT[path]["verify"] == 0]
    assert len(provable) > 30
    outcome = run("verify", *provable)
    lines = outcome.out.splitlines()
    if recorded.same_machine():
        assert outcome.code == 0, outcome.out
        assert len(lines) == len(provable)
    else:
        assert outcome.code in {0, 1}, outcome.out  # its bits may be others here, but each was tried
    for path, record in KEPT.items():
        if record["verify"] != 0:
            assert run("verify", path).code == record["verify"], path


def test_pictures_of_a_grid_that_was_stopped_are_not_drawn_again(here: Path) -> None:
    (here / "grid").mkdir()
    for file in ("00000-7.png", "00002-7.png"):
        shutil.copy(recorded.PICTURES / "grid" / file, here / "grid" / file)
    outcome = run(*recorded.drawing(PICTURES["grid"], "grid"))
    assert outcome.code == 0, outcome.err
    reused = {line["recipe"]: line["reused"] for line in outcome.lines if "recipe" in line}
    before = [line["recipe"] for line in RECORD["grid"]["lines"] if "recipe" in line]
    assert [reused[digest] for digest in before] == [True, False, True, False]
    sheets = [path for folder in (here, recorded.PICTURES) for path in (folder / "grid").glob("grid-*.png")]
    assert_close(pixels_of(sheets[0]), pixels_of(sheets[1]), "sheet")


def test_a_picture_drawn_from_python_is_that_of_the_command_line(here: Path) -> None:
    import sdplay

    (picture,) = sdplay.draw("a cat face", width=64, height=72, steps=2, seed=3, device="cpu", precision="float32")
    (file,) = (recorded.PICTURES / "bare-prompt").iterdir()
    assert_close(picture.pixels, pixels_of(file), file.name)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("argv", "code"), REFUSED.items(), ids=[" ".join(argv) for argv in REFUSED])
def test_what_cannot_be_had_is_refused(argv: tuple[str, ...], code: int) -> None:
    outcome = run(*argv)
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.err != ""
