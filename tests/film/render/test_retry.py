"""Frames that come out black or as no numbers: each rule does what it says, and says what it did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from sdplay.core.errors import MemoryFailed, RenderFailed
from sdplay.core.seeding import reroll_seed
from sdplay.events import Event, Retried
from sdplay.families.base import TextEncoding
from sdplay.film.job.frame_file import read_frame
from sdplay.sampling.denoiser import Denoiser
from tests.support.films import write_film
from tests.support.stubfilm import StubExecutor, film_request, journal, made

KEYS: dict[str, Any] = {"prompts": ["a"], "seeds": [10, 11, 12, 13, 14, 15, 16, 17], "num": 8, "batch_size": 4}


def frame(out: Path, index: int) -> np.ndarray:
    return read_frame(out / "frames" / f"{index:09d}.png")


def dream(out: Path, *, bad: list[int], black: list[int], **fields: Any) -> list[Event]:
    return made(out, film_request("dream", **{**KEYS, **fields}), StubExecutor(bad, black))


def rescues(events: list[Event]) -> dict[int, str]:
    return {event.index: event.how for event in events if isinstance(event, Retried)}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """The same dream without any fault."""
    dream(tmp_path / "sound", bad=[], black=[])
    return tmp_path / "sound"


FAULTS = [{"bad": [12], "black": []}, {"bad": [], "black": [12]}]


@pytest.mark.parametrize("faults", FAULTS, ids=["no numbers", "black"])
@pytest.mark.parametrize("tile", [1, 4])
def test_reroll_draws_the_one_bad_row_from_another_seed(
    tmp_path: Path, sound: Path, faults: dict[str, list[int]], tile: int
) -> None:
    events = dream(tmp_path / "film", **faults, batch_size=tile)
    assert rescues(events) == {2: "seed 1 of 5"}
    assert [line.get("rescued") for line in journal(tmp_path / "film") if "rescued" in line] == [{"2": "seed 1 of 5"}]
    again = reroll_seed(12, 1)
    dream(tmp_path / "again", bad=[], black=[], seeds=[10, 11, again, 13, 14, 15, 16, 17], batch_size=tile)
    for index in range(8):
        assert np.array_equal(frame(tmp_path / "film", index), frame(tmp_path / "again", index))
        if tile == 4:
            assert np.array_equal(frame(tmp_path / "film", index), frame(sound, index)) == (index != 2)


def test_reroll_tries_on_and_gives_up_after_five(tmp_path: Path) -> None:
    seeds = [12, *(reroll_seed(12, attempt) for attempt in range(1, 6))]
    assert rescues(dream(tmp_path / "film", bad=seeds[:4], black=[])) == {2: "seed 4 of 5"}
    with pytest.raises(RenderFailed, match="frame 2: the numbers overflowed"):
        dream(tmp_path / "lost", bad=seeds, black=[])


@pytest.mark.parametrize("tile", [1, 3, 4])
def test_previous_shows_the_last_good_frame_also_from_another_segment(tmp_path: Path, tile: int) -> None:
    out = tmp_path / "film"
    events = dream(out, bad=[13], black=[14], on_bad_frame="previous", batch_size=tile)
    assert rescues(events) == dict.fromkeys((3, 4), "the frame before stands still")
    assert np.array_equal(frame(out, 3), frame(out, 2))
    assert np.array_equal(frame(out, 4), frame(out, 2))
    assert not np.array_equal(frame(out, 5), frame(out, 2))


def test_previous_needs_a_frame_before(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="frame 0"):
        dream(tmp_path / "film", bad=[10], black=[], on_bad_frame="previous")


@pytest.mark.parametrize("faults", FAULTS, ids=["no numbers", "black"])
def test_keep_keeps_it_and_says_so(tmp_path: Path, sound: Path, faults: dict[str, list[int]]) -> None:
    out = tmp_path / "film"
    assert rescues(dream(out, **faults, on_bad_frame="keep")) == {2: "kept"}
    assert not frame(out, 2).any()
    assert all(np.array_equal(frame(out, i), frame(sound, i)) for i in range(8) if i != 2)


@pytest.mark.parametrize("faults", FAULTS, ids=["no numbers", "black"])
def test_error_stops_and_another_rule_goes_on(tmp_path: Path, faults: dict[str, list[int]]) -> None:
    with pytest.raises(RenderFailed, match="frame 2"):
        dream(tmp_path / "film", **faults, on_bad_frame="error")
    assert (tmp_path / "film" / "job.json").exists()


def test_previous_moves_the_picture_on_where_a_camera_moves(tmp_path: Path) -> None:
    fields = {"animation_prompts": "a", "max_frames": 4, "diffusion_cadence": 1, "color_coherence": "None"}
    request = film_request("animate", **fields, seed=20, strength_schedule="0:(0.9)", on_bad_frame="previous")
    events = made(tmp_path / "film", request, StubExecutor(bad=[22]))
    assert rescues(events) == {2: "the frame before stands still"}
    assert np.array_equal(frame(tmp_path / "film", 2), frame(tmp_path / "film", 1))


def test_previous_in_a_clip_is_the_drawn_frame_before(tmp_path: Path) -> None:
    clip = write_film(tmp_path / "clip.mp4", 6)
    fields = {"animation_prompts": "a", "animation_mode": "Video Input", "video_init_path": str(clip)}
    request = film_request(
        "animate",
        **fields,
        color_coherence="None",
        strength_schedule="0:(0.9)",
        seed_behavior="iter",
        seed=20,
        on_bad_frame="previous",
        batch_size=2,
    )
    events = made(tmp_path / "film", request, StubExecutor(bad=[24]))  # the first of its segment
    assert rescues(events) == {4: "the frame before stands still"}
    assert np.array_equal(frame(tmp_path / "film", 4), frame(tmp_path / "film", 3))


@pytest.mark.parametrize(("room", "said"), [(2, dict.fromkeys(range(8), 2)), (1, dict.fromkeys(range(8), 1))])
def test_where_memory_runs_out_fewer_frames_share_a_pass(tmp_path: Path, room: int, said: dict[int, int]) -> None:
    """And that is told and written down, since it may change last bits; here the stub's are the same."""
    executor = StubExecutor([], [])
    roomy = executor.family.denoiser

    def tight(conditionings: Sequence[TextEncoding], seen: Tensor | None = None) -> Denoiser:
        if len(conditionings) > room:
            raise MemoryError
        return roomy(conditionings, seen)

    executor.family.denoiser = tight  # type: ignore[method-assign]
    out = tmp_path / "film"
    told = rescues(made(out, film_request("dream", **KEYS), executor))
    assert told == {index: f"in passes of {tile}, since memory ran out" for index, tile in said.items()}
    assert all(set(line["rescued"]) <= set(map(str, range(8))) for line in journal(out))
    assert len(list((out / "frames").iterdir())) == 8


def test_where_not_even_one_frame_fits_that_is_said(tmp_path: Path) -> None:
    executor = StubExecutor([], [])

    def tight(conditionings: Sequence[TextEncoding], seen: Tensor | None = None) -> Denoiser:
        raise MemoryError

    executor.family.denoiser = tight  # type: ignore[method-assign]
    with pytest.raises(MemoryFailed, match="not enough memory"):
        made(tmp_path / "film", film_request("dream", **KEYS), executor)
