"""`sdplay plan`: a film as a table, before any model is loaded."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay.executors.fake import FakeExecutor
from sdplay.film.plan import FILMS, Cost, count_rows, denoising_steps, film_plan, film_table
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.studio import Studio
from tests.support.commandline import MODULE, InTerminal, Sdplay
from tests.support.films import decoded

APPLES = ("dream", "a red apple", "a green apple", "--num", "8", "--loop", "--seed", "5")
CASTLE = ("animate", "a castle", "--seed", "3", "--max-frames", "12")


def recipe_of(**fields: object) -> Recipe:
    mode = str(fields.pop("mode"))
    with Studio(FakeExecutor()) as studio:
        return studio.resolve(make_request(FILMS[mode], **fields)).recipe


def rows_of(outcome_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(outcome_text)))


def test_a_dream_says_where_each_frame_lies_between_which_keys(sdplay: Sdplay) -> None:
    outcome = sdplay("plan", *APPLES, "--csv", "-")
    assert outcome.code == 0, outcome.err
    rows = rows_of(outcome.out)
    assert [row["frame"] for row in rows] == [str(index) for index in range(8)]
    assert [row["key"] for row in rows] == ["key", "", "", "", "key", "", "", ""]
    assert (rows[1]["seed"], rows[1]["seed_to"], float(rows[1]["seed_weight"])) == ("5", "6", 0.25)
    assert (rows[5]["prompt"], rows[5]["prompt_to"], float(rows[5]["prompt_weight"])) == (
        "a green apple",
        "a red apple",
        0.25,
    )
    assert "8 of 8 frames are drawn" in outcome.err


def test_a_table_for_people_tells_both_ends_in_one_cell(sdplay: Sdplay) -> None:
    out = sdplay("plan", *APPLES).out
    assert "5 → 6 0.25" in out
    assert "a red apple → a green apple 0.5" in out
    assert "0.33 s at 24 frames a second" in out


def test_an_animation_says_seed_strength_and_steps_of_its_keys_and_what_varies(sdplay: Sdplay) -> None:
    flags = ["--zoom", "0:(1), 10:(2)", "--strength-schedule", "0:(0.5), 6:(1) step, 7:(0.5)", "--steps", "10"]
    rows = rows_of(sdplay("plan", *CASTLE, *flags, "--csv", "-").out)
    assert list(rows[0]) == ["frame", "key", "seed", "strength", "steps", "zoom", *list(rows[0])[-4:]]
    assert [row["key"] for row in rows if row["key"]] == ["key", "key", "cut", "key"]
    assert [row["seed"] for row in rows if row["key"]] == ["3", "4", "5", "6"]
    assert [row["steps"] for row in rows if row["key"]] == ["10", "7", "10", "5"]
    assert float(rows[5]["zoom"]) == 1.5
    assert rows[5]["seed"] == rows[5]["strength"] == ""


@pytest.mark.parametrize(
    ("schedule", "said"), [("0:(9)", "guidance 9"), ("0:(5), 11:(16)", "guidance 5 to 14"), ("0:(0.5)", "guidance 0.5")]
)
def test_the_guidance_that_is_said_is_that_of_the_keys(sdplay: Sdplay, schedule: str, said: str) -> None:
    out = sdplay("plan", *CASTLE, "--guidance-schedule", schedule).out
    assert f"{said}\n" in out
    assert ("taken as 1" in out) == ("0.5" in said)


def test_a_dream_with_seeds_was_asked_for_seeds(sdplay: Sdplay) -> None:
    assert "no seed was asked for" in sdplay("plan", "dream", "a", "b", "--num", "4").out
    assert (
        "no seed was asked for"
        not in sdplay("plan", "dream", "a", "b", "--num", "4", "--seeds", "1", "--seeds", "2").out
    )


def test_what_is_constant_has_no_column(sdplay: Sdplay) -> None:
    rows = rows_of(sdplay("plan", *CASTLE, "--angle", "5", "--zoom", "0:(1.1), 9:(1.1)", "--csv", "-").out)
    assert not rows[0].keys() & {"angle", "zoom", "noise_schedule"}


@pytest.mark.parametrize(
    ("flags", "frames"),
    [
        (["--every", "4"], [0, 4, 8]),
        (["--range", "3:5"], [3, 4, 5]),
        (["--range", ":1"], [0, 1]),
        (["--range", "10:"], [10, 11]),
        (["--range", "1:9", "--every", "3"], [1, 4, 7]),
    ],
)
def test_some_of_the_frames_are_shown_and_all_are_counted(sdplay: Sdplay, flags: list[str], frames: list[int]) -> None:
    told = json.loads(sdplay("plan", *CASTLE, *flags, "--json", "-").out)
    assert [row["frame"] for row in told["frames"]] == frames
    assert told["film"]["frames"] == 12
    assert told["film"]["drawn"] == told["film"]["keys"] == 4


@pytest.mark.parametrize("flags", [["--range", "5:3"], ["--range", "a"], ["--every", "0"]])
def test_frames_that_cannot_be_shown(sdplay: Sdplay, flags: list[str]) -> None:
    outcome = sdplay("plan", *CASTLE, *flags)
    assert outcome.code == 2
    assert outcome.err.startswith("error: invalid value for")


def test_json_without_a_row_is_json(sdplay: Sdplay) -> None:
    told = json.loads(sdplay("plan", *CASTLE, "--range", "50:60", "--json", "-").out)
    assert told["frames"] == []


def test_both_files_are_written_whole_and_the_cost_is_said(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("plan", *APPLES, "--csv", "plan.csv", "--json", "plan.json")
    assert outcome.code == 0, outcome.err
    assert len(rows_of(Path("plan.csv").read_text())) == len(json.loads(Path("plan.json").read_text())["frames"]) == 8
    assert sorted(path.name for path in here.iterdir()) == ["plan.csv", "plan.json"]
    assert outcome.out.startswith("film ")
    assert "network" in outcome.out


def test_a_file_that_cannot_be_written(sdplay: Sdplay) -> None:
    outcome = sdplay("plan", *APPLES, "--csv", "nowhere/plan.csv")
    assert outcome.code == 1
    assert "nowhere/plan.csv" in outcome.err


@pytest.mark.parametrize(
    ("fields", "drawn", "calls"),
    [
        ({"mode": "dream", "prompts": ("a", "b"), "num": 5, "steps": 7, "guidance_scale": 3.0}, 5, 5 * 7 * 2),
        ({"mode": "dream", "prompts": ("a", "b"), "num": 5, "steps": 7, "guidance_scale": 1.0}, 5, 5 * 7),
        # keys at 0 3 6 9, the first from words alone: 10 + 3 · int(10 · 0.55)
        ({"mode": "animate", "animation_prompts": "a", "max_frames": 12, "steps": 10}, 4, (10 + 3 * 5) * 2),
        ({"mode": "animate", "animation_prompts": "a", "max_frames": 12, "steps": 10, "steps_mode": "exact"}, 4, 80),
        ({"mode": "animate", "animation_prompts": "a", "max_frames": 12, "steps": 10, "strength_schedule": "0"}, 1, 20),
    ],
)
@pytest.mark.usefixtures("here")
def test_cost(fields: dict[str, object], drawn: int, calls: int) -> None:
    recipe, cost = recipe_of(**fields), Cost()
    assert list(count_rows(film_table(film_plan(recipe)), recipe, cost, lambda _: False)) == []
    assert (cost.drawn, cost.calls) == (drawn, calls)


def test_the_steps_that_are_planned_are_those_that_are_taken(tiny: Path, tmp_path: Path) -> None:
    from sdplay.events import Stepped
    from sdplay.film.job.film import shoot

    fields = {"animation_prompts": "a", "max_frames": 4, "diffusion_cadence": 1, "steps": 7, "model": str(tiny)}
    request = make_request(FILMS["animate"], **fields, strength_schedule="0:(1), 1:(0.3), 2:(0.01), 3:(0)", seed=1)
    with Studio() as studio:
        shooting = studio.film(request, tmp_path / "job")
        taken = [event for event in shoot(shooting) if isinstance(event, Stepped)]
    table = film_table(shooting.plan)
    planned = {index: frame for index in range(4) if (frame := table.drawn(index)) is not None}
    assert {event.indices[0]: event.steps for event in taken} == {
        index: denoising_steps(frame, shooting.recipe) for index, frame in planned.items()
    }
    assert sum(denoising_steps(frame, shooting.recipe) for frame in planned.values()) == len(taken)


def test_settings_from_a_file_are_planned(sdplay: Sdplay) -> None:
    Path("film.toml").write_text('animation_prompts = "a hill"\nmax_frames = 6\nangle = "0:(0), 5:(10)"\nseed = 1\n')
    told = json.loads(sdplay("plan", "animate", "--config", "film.toml", "--json", "-").out)
    assert [row["angle"] for row in told["frames"]] == [0, 2, 4, 6, 8, 10]


def test_the_pace_of_a_job_that_is_begun_says_how_long_the_rest_takes(sdplay: Sdplay) -> None:
    job = ["a pear", "a plum", "--frames-per-key", "4", "--seed", "5", "--out", "job"]
    assert "time" not in sdplay("plan", "dream", *job).out
    assert sdplay("dream", *job, "--num", "4").code == 0
    out = sdplay("plan", "dream", *job, "--num", "12").out
    assert "for 8 frames, at " in out
    assert "as the 4 that are in job took" in out


def test_a_long_film_in_a_terminal_is_thinned_out_and_says_so(in_terminal: InTerminal, here: Path) -> None:
    outcome = in_terminal([*MODULE, "plan", *CASTLE[:-1], "400"])
    assert outcome.code == 0
    assert "every 4th frame is shown" in outcome.out
    assert "strength" in outcome.out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", outcome.out)
    assert len(re.findall(r"^\d+ ", plain, re.MULTILINE)) == 100


def test_a_plan_loads_no_torch(here: Path) -> None:
    program = (
        "import sys\nfrom sdplay.cli.main import main\n"
        f"assert main({['plan', *CASTLE]!r}) == 0 == main({['plan', *APPLES]!r})\n"
        "assert not {'torch', 'diffusers', 'transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_rows_of_a_long_film_are_not_held(here: Path) -> None:
    """Twenty thousand rows weigh as much as two thousand: the peak of what Python holds grows by no list."""
    import tracemalloc

    def peak(frames: int) -> int:
        recipe = recipe_of(mode="animate", animation_prompts="a", max_frames=frames, zoom="0:(1+0.01*sin(t))")
        tracemalloc.start()
        for _ in count_rows(film_table(film_plan(recipe)), recipe, Cost(), lambda _: True):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(200)
    assert peak(5000) < peak(500) + 50_000


def test_the_camera_alone_moves_a_test_card(sdplay: Sdplay) -> None:
    flags = ["--translation-x", "0:(8)", "--fps", "30", "--preview-motion", "moves.mkv"]
    outcome = sdplay("plan", *CASTLE, *flags)
    assert outcome.code == 0, outcome.err
    assert outcome.out == "moves.mkv\n"
    frames = decoded(Path("moves.mkv"))
    assert len(frames) == 12
    assert np.array_equal(frames[3], np.roll(frames[0], 24, axis=1))


def test_the_card_is_whole_again_at_a_cut_and_after_two_seconds(sdplay: Sdplay) -> None:
    flags = ["--zoom", "0:(1.1)", "--fps", "2", "--strength-schedule", "0:(0.5), 6:(1) step, 7:(0.5)"]
    assert sdplay("plan", *CASTLE, *flags, "--preview-motion", "moves.mkv").code == 0
    frames = decoded(Path("moves.mkv"))
    assert [index for index, frame in enumerate(frames) if np.array_equal(frame, frames[0])] == [0, 6]
    assert sdplay("plan", *CASTLE[:-1], "18", *flags[:4], "--preview-motion", "moves.mkv").code == 0
    frames = decoded(Path("moves.mkv"))
    assert [index for index, frame in enumerate(frames) if np.array_equal(frame, frames[0])] == [0, 6, 12]


def test_the_camera_moves_a_given_picture(sdplay: Sdplay) -> None:
    Image.new("RGB", (64, 64), (10, 200, 30)).save("green.png")
    flags = ["--animation-mode", "3D", "--translation-z", "0:(5)", "--init-image", "green.png"]
    assert sdplay("plan", *CASTLE, *flags, "--preview-motion", "moves.mkv").code == 0
    assert all((frame == (10, 200, 30)).all() for frame in decoded(Path("moves.mkv")))


@pytest.mark.parametrize(
    ("name", "flags", "why"),
    [("moves.txt", [], "no kind of film"), ("moves.gif", ["--animation-mode", "video"], "video_init_path")],
)
def test_moves_that_cannot_be_shown(sdplay: Sdplay, name: str, flags: list[str], why: str) -> None:
    outcome = sdplay("plan", *CASTLE, *flags, "--preview-motion", name)
    assert outcome.code == 2
    assert why in outcome.err.replace("-", "_") or why in outcome.err


def test_plan_alone_shows_its_help_whole(sdplay: Sdplay) -> None:
    outcome = sdplay("plan")
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: sdplay plan")
    assert "…" not in outcome.err
    assert "Show this message and exit." in outcome.err
