"""`--frames 20-30` makes a part of a film, and what it starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commandline import Sdplay
from tests.support.films import decoded

CASTLE = ("animate", "a castle", "--seed", "3", "--diffusion-cadence", "2", "--max-frames", "10", "--out", "job")
DREAM = ("dream", "a pear", "a plum", "--seed", "4", "--batch-size", "2", "--num", "10", "--out", "job")


def test_a_part_of_an_animation_is_made_and_gone_on_with(sdplay: Sdplay) -> None:
    part = sdplay(*CASTLE, "--frames", "4-7")
    assert part.code == 0, part.err
    assert part.paths == [Path("job/frames-4-7.mp4")]
    assert len(decoded(part.paths[0])) == 4
    assert "animate: frames 4-7 of 10 of 64x64" in part.err
    assert "4 frames before them are drawn too, which they start from" in part.err
    assert part.err.endswith("4 frames, 0.1 s at 30 frames a second; the whole film: sdplay resume job\n")
    whole = sdplay("resume", "job")
    assert (whole.code, whole.paths) == (0, [Path("job/video.mp4")])
    assert len(decoded(whole.paths[0])) == 10
    assert "10 frames of 64x64, 8 of them there already" in whole.err


def test_a_dream_is_made_in_parts(sdplay: Sdplay) -> None:
    assert sdplay(*DREAM, "--frames", "5-9", "--format", "gif").paths == [Path("job/frames-5-9.gif")]
    drawn = sorted(path.name for path in Path("job/frames").iterdir())
    assert drawn == [f"{index:09}.png" for index in range(4, 10)]
    outcome = sdplay("resume", "job", "--frames", "0:1", "--quiet")
    assert (outcome.code, outcome.paths, outcome.err) == (0, [Path("job/frames-0-1.gif")], "")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("20-30", "--frames = '20-30': the film has the frames 0 to 9"),
        ("30", "for frame 30 alone, write 30-30; for a film of 30 frames, --max-frames 30"),
        ("7-4", "'7-4' ends before it begins"),
        ("4-", "is not a range of frames; write 20-30, for the frames 20 to 30"),
        ("all", "is not a range of frames; write 20-30, for the frames 20 to 30"),
    ],
)
def test_what_is_no_part_is_refused_in_clear_words(sdplay: Sdplay, asked: str, why: str) -> None:
    outcome = sdplay(*CASTLE, "--frames", asked)
    assert outcome.code == 2
    assert why in " ".join(outcome.err.split())
    assert not Path("job").exists()


def test_the_length_of_a_dream_is_named_by_its_own_flag(sdplay: Sdplay) -> None:
    assert "for a film of 30 frames, --num 30" in " ".join(sdplay(*DREAM, "--frames", "30").err.split())


@pytest.mark.parametrize("flag", ["--range", "--frames"])
def test_a_plan_shows_the_frames_of_a_part(sdplay: Sdplay, flag: str) -> None:
    outcome = sdplay("plan", *CASTLE, flag, "4-5", "--csv", "-")
    assert outcome.code == 0, outcome.err
    assert [line.split(",")[0] for line in outcome.out.splitlines()] == ["frame", "4", "5"]
