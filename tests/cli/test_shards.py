"""`--prepare`, `draw-units` and `join` as they are typed: what many draw is what one command draws."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.commandline import MODULE, Sdplay
from tests.support.patience import PATIENCE

DREAM = ("dream", "a cat", "a dog", "--num", "20", "--batch-size", "4", "--steps", "2", "--seed", "3", "--size", "64")
SCENES = ("animate", "a cat", "--max-frames", "9", "--diffusion-cadence", "2", "--seed", "3", "--steps", "2")
CUTS = ("--size", "64", "--strength-schedule", "0:(0.6) step, 4:(1) step, 5:(0.5) step")
PICTURES = ("txt2img", "a cat", "-n", "5", "--seed", "7", "--steps", "2", "--size", "64", "--batch-size", "2")


def files(folder: Path) -> dict[str, bytes]:
    """What was made, without what differs from run to run."""
    told = {"lock", "journal.jsonl", "job.json", "workers.json", "pictures.json", "joined.json", "progress.json"}
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in told]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


FILMS = {"dream": DREAM, "even dream": (*DREAM, "--pace", "perceptual"), "animate": (*SCENES, *CUTS)}


def description(folder: str) -> dict[str, Any]:
    return json.loads((Path(folder) / "job.json").read_bytes())["description"]


@pytest.mark.parametrize("film", FILMS.values(), ids=FILMS)
def test_a_film_in_units_is_the_film_of_one_command(sdplay: Sdplay, film: tuple[str, ...]) -> None:
    assert sdplay(*film, "--out", "alone").code == 0
    prepared = sdplay(*film, "--out", "shared", "--prepare")
    assert (prepared.code, prepared.out) == (0, "shared\n")
    assert "by sdplay draw-units shared; then sdplay join shared" in prepared.err
    assert [path.name for path in Path("shared").iterdir()] == ["job.json"]
    assert sdplay("draw-units", "shared", "--units", "1-", "--worker", "a").code == 0
    lacking = sdplay("join", "shared")
    assert lacking.code == 1
    assert "units are not drawn: 0" in lacking.err
    assert "sdplay draw-units shared --units 0" in lacking.err
    drawn = sdplay("draw-units", "shared", "--worker", "b")
    assert (drawn.code, drawn.out) == (0, "")
    joined = sdplay("join", "shared")
    assert (joined.code, joined.out) == (0, "shared/video.mp4\n")
    assert files(Path("shared")) == files(Path("alone"))
    assert description("shared") == description("alone")
    assert "nothing to do" in sdplay("join", "shared").err


@pytest.mark.parametrize(
    "asked",
    [
        PICTURES,
        (*PICTURES, "--format", "webp"),
        (*PICTURES, "--format", "jpeg", "--name", "[prompt_words]"),
        (*PICTURES, "--grid", "steps=1,2", "--grid", "guidance=3,5"),
        (*PICTURES, "--grid", "size=64,64x128", "--grid", "prompt=cat|dog"),
    ],
    ids=["png", "webp", "named jpeg", "grid", "grid of sizes and words"],
)
def test_pictures_in_units_are_those_of_one_command(sdplay: Sdplay, asked: tuple[str, ...]) -> None:
    alone = sdplay(*asked, "--out", "alone")
    assert alone.code == 0
    assert sdplay(*asked, "--out", "shared", "--prepare").code == 0
    assert sdplay("draw-units", "shared", "--units", "2-", "--worker", "a").code == 0
    assert sdplay("join", "shared").code == 1
    assert sdplay("draw-units", "shared", "--worker", "b").code == 0
    joined = sdplay("join", "shared", "-q")
    assert joined.code == 0
    assert files(Path("shared")) == files(Path("alone"))
    inline = [line.replace("alone/", "shared/") for line in alone.out.splitlines() if "grid-" not in line]
    assert sorted(joined.out.splitlines()) == sorted(inline)
    assert sdplay("join", "shared").code == 0
    assert files(Path("shared")) == files(Path("alone"))


def test_a_picture_that_was_deleted_is_drawn_and_joined_under_its_name(sdplay: Sdplay) -> None:
    sdplay(*PICTURES, "--out", "shared", "--prepare")
    sdplay("draw-units", "shared")
    sdplay("join", "shared")
    before = files(Path("shared"))
    next(Path("shared").glob("00003-*")).unlink()
    assert "units are not drawn: 1" in sdplay("join", "shared").err
    assert sdplay("draw-units", "shared").code == 0
    assert sdplay("join", "shared").code == 0
    assert files(Path("shared")) == before


def test_the_list_says_how_far_each_unit_is(sdplay: Sdplay) -> None:
    sdplay(*DREAM, "--out", "shared", "--prepare")
    sdplay("draw-units", "shared", "--units", "0,3")
    lines = sdplay("draw-units", "shared", "--list").out.splitlines()
    assert lines == ["0\t0-3\tdrawn", "1\t4-7\tfree", "2\t8-11\tfree", "3\t12-15\tdrawn", "4\t16-19\tfree"]
    assert sdplay("draw-units", "shared", "--list", "--units", "3").out == "3\t12-15\tdrawn\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--units", "5-9"), "the job has the units 0 to 4"),
        (("--units", "0,7"), "the job has the units 0 to 4"),
        (("--units", "4-2"), "ends before it begins"),
        (("--units", "some"), "is not a range of units"),
        (("--units", "-3"), "is not a range of units"),
        (("--audit", "101%"), "is not a share"),
        (("--audit", "much"), "is not a share"),
        (("--lease", "0"), "0"),
    ],
)
def test_a_wrong_range_or_share_is_refused(sdplay: Sdplay, arguments: tuple[str, str], says: str) -> None:
    sdplay(*DREAM, "--out", "shared", "--prepare")
    refused = sdplay("draw-units", "shared", *arguments)
    assert refused.code == 2
    assert says in refused.err
    assert not Path("shared/shards/drawn").exists() or not list(Path("shared/shards/drawn").iterdir())


@pytest.mark.parametrize("command", ["draw-units", "join"])
def test_a_folder_without_a_job_is_refused(sdplay: Sdplay, command: str) -> None:
    refused = sdplay(command, "nowhere")
    assert refused.code == 2
    assert "there is no job" in refused.err


def test_a_folder_that_holds_something_else_is_not_prepared(sdplay: Sdplay) -> None:
    sdplay(*PICTURES, "--out", "shared", "--prepare")
    other = sdplay(*PICTURES, "--out", "shared", "--prepare", "--steps", "3")
    assert other.code == 2
    assert "belongs to another job" in other.err
    assert "fork" not in other.err
    assert "there is no job" in sdplay("resume", "shared").err


def test_without_a_folder_a_new_one_is_made(sdplay: Sdplay) -> None:
    assert sdplay(*PICTURES, "--prepare", "-q").out == "jobs/pictures-1\n"
    assert sdplay(*PICTURES, "--prepare", "-q").out == "jobs/pictures-2\n"


def test_an_audit_names_what_another_worker_must_draw(sdplay: Sdplay) -> None:
    sdplay(*DREAM, "--out", "shared", "--prepare")
    sdplay("draw-units", "shared", "--worker", "a")
    alone = sdplay("join", "shared", "--audit", "50%")
    assert alone.code == 1
    assert "one worker alone drew some of the units" in alone.err
    checked = sdplay("draw-units", "shared", "--worker", "b", "--audit", "50%")
    assert "drawn by a: checked, the same" in checked.err
    assert sdplay("join", "shared", "--audit", "50%").code == 0


def shell(line: str, **more: str) -> None:
    subprocess.run(["bash", "-euc", line], check=True, timeout=PATIENCE, env={**os.environ, **more})


RUN = " ".join(MODULE)
UNITS = f"seq 0 4 | {{}} {RUN} draw-units shared -q --worker w --units"


@pytest.mark.parametrize("by", ["parallel --will-cite -j 3", "xargs -P 3 -n 1"])
def test_what_runs_commands_at_once_runs_units(sdplay: Sdplay, by: str) -> None:
    if shutil.which(by.split()[0]) is None:
        pytest.skip(f"{by.split()[0]} is not here")
    sdplay(*DREAM, "--out", "alone")
    sdplay(*DREAM, "--out", "shared", "--prepare")
    shell(UNITS.format(by))
    assert sdplay("join", "shared").code == 0
    assert files(Path("shared")) == files(Path("alone"))
    assert json.loads(Path("shared/workers.json").read_text()) == {"w": {"pretended": "0-4"}}
