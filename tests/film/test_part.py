"""Of a part of a film those segments are drawn that it starts from, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.film.part import check_frames, part_of
from sdplay.film.plan import FilmPlan, film_plan
from tests.support.stubfilm import film_request, settled

HILL: dict[str, Any] = {
    "animation_prompts": {"0": "a hill"},
    "max_frames": 40,
    "diffusion_cadence": 4,
    "strength_schedule": "0:(0.5) step, 16:(1) step, 17:(0.5)",
}


@pytest.fixture(scope="module")
def hill() -> FilmPlan:
    """Ten segments of four frames; the fifth begins a scene."""
    return film_plan(settled(film_request("animate", **HILL)))


def nothing(_: int) -> bool:
    return False


@pytest.mark.parametrize(
    ("frames", "segments", "before"),
    [
        (range(20, 31), range(5, 8), {4}),
        (range(16, 17), range(4, 5), set[int]()),
        (range(15, 16), range(3, 4), {0, 1, 2}),
        (range(39, 40), range(9, 10), {4, 5, 6, 7, 8}),
    ],
)
def test_a_part_of_an_animation_waits_for_its_scene(
    hill: FilmPlan, frames: range, segments: range, before: set[int]
) -> None:
    part = part_of(hill, frames, nothing)
    assert (part.segments, set(part.before)) == (segments, before)
    assert (part.total, part.frames_before) == (4 * (len(segments) + len(before)), 4 * len(before))
    assert [number for number in range(10) if number in part] == sorted({*segments, *before})


def test_what_is_finished_is_not_waited_for(hill: FilmPlan) -> None:
    assert set(part_of(hill, range(32, 34), {4, 5, 6}.__contains__).before) == {7}
    assert set(part_of(hill, range(32, 34), {4, 5, 8}.__contains__).before) == set()


def test_the_colours_of_a_scene_are_needed_though_the_key_before_is_there(hill: FilmPlan) -> None:
    assert set(part_of(hill, range(32, 34), {5, 6, 7}.__contains__).before) == {4}


def test_the_whole_film_and_a_short_last_segment() -> None:
    plan = film_plan(settled(film_request("animate", **{**HILL, "max_frames": 38})))
    whole = part_of(plan, None, nothing)
    assert (whole.segments, set(whole.before), whole.total) == (range(10), set(), 38)
    assert part_of(plan, range(37, 38), nothing).total == 4 * 5 + 2


def test_frames_of_a_dream_wait_for_nothing() -> None:
    plan = film_plan(settled(film_request("dream", prompts=["a", "b"], num=13, batch_size=2)))
    part = part_of(plan, range(7, 10), nothing)
    assert (part.segments, set(part.before), part.total) == (range(3, 5), set(), 4)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (range(30, 41), "has the frames 0 to 39"),
        (range(-1, 3), "has the frames 0 to 39"),
        (range(5, 5), "is no part of a film"),
        (range(0, 9, 2), "is no part of a film"),
    ],
)
def test_what_is_no_part_is_refused(hill: FilmPlan, frames: range, why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        check_frames(hill, frames)
    assert refused.value.field == "frames"
