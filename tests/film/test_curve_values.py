"""Schedules looked at one by one: each with its values and its own problem, and none hides another."""

from __future__ import annotations

from typing import Any

from sdplay.film.curve_values import MOST_POINTS, AnimationCurves, animation_curves

WORDS: dict[str, Any] = {"animation_prompts": {"0": "a hill", "6": "a lake"}, "max_frames": 12}


def curves(**fields: Any) -> AnimationCurves:
    return animation_curves(WORDS | fields)


def test_a_schedule_has_a_value_for_every_frame() -> None:
    found = curves(angle="0:(0), 10:(5)")
    assert found.curves["angle"].values == (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5)
    assert found.curves["zoom"].values == (1,)
    assert not found.problems


def test_what_is_wrong_in_one_schedule_hides_no_other() -> None:
    found = curves(angle="0:(nonsense)", zoom="0:(-1)", strength_schedule="0:(0.5)")
    assert {name for name, one in found.curves.items() if one.problem} == {"angle", "zoom"}
    assert found.curves["angle"].values == ()
    assert found.curves["zoom"].values == (-1,)  # out of its range, and still to be seen
    assert "at frame 0" in str(found.curves["zoom"].problem)


def test_other_fields_that_are_wrong_are_reported_and_left_out() -> None:
    found = curves(fps="no", seed=-5, animation_prompts="", angle="0:(t)")
    assert {problem.field for problem in found.problems} == {"fps", "seed", "animation_prompts"}
    assert found.curves["angle"].values == tuple(range(12))


def test_where_arithmetic_fails_there_is_no_value() -> None:
    found = curves(angle="0:(1/(t-3))")
    assert found.curves["angle"].values[2:5] == (-1, None, 1)
    assert "divides by zero" in str(found.curves["angle"].problem)


def test_a_long_film_has_a_value_every_so_many_frames() -> None:
    found = curves(max_frames=5000, angle="0:(t)")
    assert (found.every, found.curves["angle"].values[:3]) == (3, (0, 3, 6))
    assert len(found.curves["angle"].values) <= MOST_POINTS


def test_more_frames_than_there_may_be_are_a_problem_and_the_beginning_is_seen() -> None:
    found = animation_curves(WORDS | {"max_frames": 900}, most_frames=100)
    assert found.frames == 100
    assert [problem.field for problem in found.problems] == ["max_frames"]


def test_cuts_are_the_drawn_frames_at_strength_1() -> None:
    assert curves(max_frames=40, strength_schedule="0:(0.5) step, 20:(1) step, 22:(0.5)").cuts == (21,)


def test_only_some_schedules() -> None:
    assert animation_curves(WORDS, ["angle", "zoom"]).curves.keys() == {"angle", "zoom"}


def test_following_a_sound_that_is_not_there_is_a_problem_of_the_schedule() -> None:
    found = curves(angle="0:(bass)")
    assert "sound" in str(found.curves["angle"].problem)


def test_a_crossfade_longer_than_the_film_is_a_problem() -> None:
    found = curves(loop_mode="crossfade:50", angle="0:(t)")
    assert [problem.field for problem in found.problems] == ["loop_mode"]
    assert len(found.curves["angle"].values) == 12
