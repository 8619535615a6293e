"""`--grid` as people type it: the issue's line, what is told, what is refused, and going on after a kill."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from sdplay.cli.draw import one_flag_each
from sdplay.images.own import read_own, read_sheet
from tests.support import child
from tests.support.commandline import Sdplay
from tests.support.given import photo
from tests.support.overflow import in_network, overflow
from tests.support.patience import PATIENCE

ISSUE = ("txt2img", "a castle, 3d render", "--seed", "1", "--grid", "steps=10,20,30", "guidance=3,5,7")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["a", "--grid", "x=1", "y=2"], ["a", "--grid", "x=1", "--grid", "y=2"]),
        (["--grid", "x=1", "y=2", "z=3", "a cat"], ["--grid", "x=1", "--grid", "y=2", "--grid", "z=3", "a cat"]),
        (["--grid", "x=1", "a cat", "y=2"], ["--grid", "x=1", "a cat", "y=2"]),
        (["--grid", "x=1", "--grid", "y=2"], ["--grid", "x=1", "--grid", "y=2"]),
        (["--grid=x=1", "cfg scale=2"], ["--grid=x=1", "--grid", "cfg scale=2"]),
        (["--grid", "x=1", "-n", "4", "y=2"], ["--grid", "x=1", "-n", "4", "y=2"]),
        (["--grid", "castle"], ["--grid", "castle"]),
        (["--grid", "x=1", "--", "y=2"], ["--grid", "x=1", "--", "y=2"]),
        (["--grid", "--", "y=2"], ["--grid", "--", "y=2"]),
        (["x=1", "y=2"], ["x=1", "y=2"]),
        ([], []),
    ],
)
def test_a_flag_takes_all_axes_that_follow_it(typed: list[str], meant: list[str]) -> None:
    assert one_flag_each(typed) == meant


def test_the_line_of_the_issue_draws_nine_pictures_and_a_sheet(sdplay: Sdplay) -> None:
    outcome = sdplay(*ISSUE)
    assert outcome.code == 0
    *pictures, sheet = outcome.paths
    asked = [(read_own(path)[0].recipe.steps, read_own(path)[0].recipe.guidance_scale) for path in pictures]
    assert asked == [(steps, guidance) for guidance in (3.0, 5.0, 7.0) for steps in (10, 20, 30)]
    record = read_sheet(sheet)
    assert record is not None
    assert [picture.file for picture in record.pictures] == [path.name for path in pictures]
    assert "a grid of 3 x 3 cells (steps, guidance): 9 different pictures" in outcome.err
    assert "9 pictures were drawn" in outcome.err
    assert "--seed" not in outcome.err


def test_both_spellings_are_one_and_the_second_time_nothing_is_drawn(sdplay: Sdplay) -> None:
    first = sdplay(*ISSUE)
    again = sdplay(*ISSUE[:5], "steps=10,20,30", "--grid", "guidance=3,5,7")
    assert again.out == first.out
    assert "9 of 9 pictures were there already" in again.err
    assert "0 pictures were drawn" in again.err
    larger = sdplay(*ISSUE[:5], "steps=10,20,30", "guidance=3,5,7", "prompt=castle|house|tower")
    assert "9 of 27 pictures were there already" in larger.err
    assert "18 pictures were drawn" in larger.err


def test_json_says_which_picture_was_there(sdplay: Sdplay) -> None:
    sdplay("a cat", "--seed", "1", "--steps", "2")
    lines = [
        json.loads(line) for line in sdplay("a cat", "--seed", "1", "--grid", "steps=1,2", "--json").out.splitlines()
    ]
    assert [(line.get("reused"), line.get("path")) for line in lines] == [
        (True, "images/00000-1.png"),
        (False, "images/00001-1.png"),
        (None, None),
    ]
    assert lines[-1] == {"sheet": "images/grid-00000.png"}


def test_a_seed_nobody_chose_is_told(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--grid", "steps=1,2")
    seed = read_own(outcome.paths[0])[0].recipe.seed
    assert f"--seed {seed} finds them again" in outcome.err
    assert "2 of 2 pictures were there already" in sdplay("a cat", "--grid", "steps=1,2", "--seed", str(seed)).err


def test_every_fault_is_told_at_once_and_nothing_drawn(sdplay: Sdplay) -> None:
    outcome = sdplay("a castle", "--seed", "1", "--grid", "stesp=1,2", "guidance=-1,x,5", "--grid", "sampler=euler")
    assert outcome.code == 2
    for part in ("grid axis = 'stesp'", "did you mean 'steps'", "grid guidance = -1.0", "grid guidance = 'x'"):
        assert part in outcome.err
    assert not Path("images").exists()
    outcome = sdplay("a castle", "--seed", "1", "--grid", "sampler=eular,euler", "prompt=castle|house")
    assert (outcome.code, outcome.err.count("eular")) == (2, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a cat", "--grid", "seed=1-50", "steps=1-50"], "50 x 50 cells are 2,500 pictures, and 1,000 are the most"),
        (["a cat", "--grid", "seed=1-5", "--grid-limit", "4"], "5 x 1 cells are 5 pictures, and 4 are the most"),
        (["a cat", "--grid", "steps=1,2", "--format", "jpeg"], "--format = 'jpeg'"),
        (["--prompts-from", "list.txt", "--grid", "steps=1,2"], "these are several"),
        (["a cat", "--grid"], "requires an argument"),
        (["a cat", "--grid", "nothing"], "is not an axis"),
    ],
)
def test_what_cannot_be_a_grid_is_refused(sdplay: Sdplay, words: list[str], said: str) -> None:
    Path("list.txt").write_text("a cat\na dog\n")
    outcome = sdplay(*words)
    assert outcome.code == 2
    assert said in outcome.err
    assert not Path("images").exists()


def test_more_are_drawn_when_asked_for(sdplay: Sdplay) -> None:
    assert len(sdplay("a cat", "--grid", "seed=1-5", "--grid-limit", "5").paths) == 6


def test_other_modes_have_grids_of_their_own_fields(sdplay: Sdplay) -> None:
    photo(Path("a.png"), (64, 64))
    outcome = sdplay("img2img", "a cat", "--image", "a.png", "--grid", "strength=0.2-1 [3]", "--seed", "1", "--quiet")
    assert (outcome.code, outcome.err, len(outcome.paths)) == (0, "", 4)
    strengths = [read_own(path)[0].recipe.request.strength for path in outcome.paths[:3]]  # type: ignore[union-attr]
    assert strengths == [0.2, 0.6, 1.0]


def test_show_says_what_a_sheet_shows_and_nothing_draws_it_again(sdplay: Sdplay) -> None:
    sheet = str(sdplay(*ISSUE).paths[-1])
    shown = sdplay("show", sheet)
    assert shown.code == 0
    for part in (
        "steps: 10, 20, 30",
        "guidance: 3, 5, 7",
        "00004-1.png",
        "steps 20, guidance 5",
        "a castle, 3d render",
    ):
        assert part in shown.out
    assert json.loads(sdplay("show", sheet, "--json").out)["axes"][0] == {"name": "steps", "values": ["10", "20", "30"]}
    for command in ("again", "verify"):
        refused = sdplay(command, sheet)
        assert refused.code == 2
        assert "is a sheet of 9 pictures" in refused.out + refused.err


def test_a_damaged_sheet_is_refused(sdplay: Sdplay) -> None:
    from PIL import Image, PngImagePlugin

    for number, text in enumerate(
        ("{", "{}", '{"sdplay_grid": 1, "axes": [], "pictures": [], "recipe": {}}', "[1]", "7")
    ):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("sdplay_grid", text)
        Image.new("RGB", (4, 4)).save(f"{number}.png", pnginfo=info)
        assert sdplay("show", f"{number}.png").code == 2


KILLED = """
import os, signal, sys
from sdplay.cli import draw
from sdplay.cli.main import main
from sdplay.events import Stepped
from sdplay.executors.fake import FakeExecutor
from sdplay.studio import Studio

class Killed(FakeExecutor):
    steps = 0
    def run(self, task):
        for event in super().run(task):
            Killed.steps += isinstance(event, Stepped)
            if Killed.steps == 10:
                os.kill(os.getpid(), signal.SIGKILL)
            yield event

draw.open_studio = lambda *_, **__: Studio(Killed())
main(sys.argv[1:])
"""


def test_a_killed_grid_goes_on_where_it_was(sdplay: Sdplay) -> None:
    words = ["a cat", "--seed", "1", "--steps", "2", "--grid", "guidance=1-4", "prompt=cat|dog"]
    process = child.start(KILLED, *words)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, err
    kept = sorted(Path("images").glob("0*.png"))
    assert len(kept) == 4
    assert set(map(str, kept)) >= set(out.splitlines())
    assert not list(Path("images").glob("grid-*"))
    before = {path: path.read_bytes() for path in kept}
    outcome = sdplay(*words)
    assert "4 of 8 pictures were there already" in outcome.err
    assert "4 pictures were drawn" in outcome.err
    assert {path: path.read_bytes() for path in kept} == before
    assert len(outcome.paths) == 9


def test_pictures_that_overflowed_are_drawn_and_found_again(
    sdplay: Sdplay, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SDPLAY_EXECUTOR")
    overflow(monkeypatch, in_network)
    line = ("txt2img", "a red apple", "--model", str(tiny), "--seed", "3", "--precision", "bfloat16", "--out", "out")
    first = sdplay(*line, "--grid", "steps=1,2")
    assert first.code == 0, first.err
    assert [read_own(path)[0].recipe.numerics.dtype for path in first.paths[:-1]] == ["float32"] * 2
    again = sdplay(*line, "--grid", "steps=1,2")
    assert (again.code, again.out) == (0, first.out)
    assert "2 of 2 pictures were there already" in again.err
