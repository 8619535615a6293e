"""An animation as data: segments, cuts, scenes, seeds, steps, and exactly as many frames as were asked for."""

from __future__ import annotations

from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.core.sample import FromFilm, FromNoise, LerpPrompt, PromptPair
from sdplay.film.plan_animate import AnimationPlan, plan
from sdplay.film.request_animate import Animate
from sdplay.requests.base import make_request
from sdplay.requests.resolve import resolve_request
from tests.support.recipes import MACHINE, MODEL

CUT_AT_6 = "0:(0.5) step, 6:(1) step, 7:(0.5)"


def score(**fields: Any) -> AnimationPlan:
    asked = {"animation_prompts": "a hill", "seed": 100, "max_frames": 12, **fields}
    return AnimationPlan(resolve_request(make_request(Animate, **asked), MODEL, MACHINE, 7))


@pytest.mark.parametrize("cadence", range(1, 8))
def test_segments_cover_exactly_the_frames_asked_for(cadence: int) -> None:
    for frames in range(1, 21):
        of = score(max_frames=frames, diffusion_cadence=cadence)
        segments = [of.segment(number) for number in range(of.segment_count)]
        assert [index for segment in segments for index in range(segment.first, segment.stop)] == list(range(frames))
        assert [segment.first for segment in segments] == list(range(0, frames, cadence))
        assert [segment.waits_for for segment in segments] == [None, *range(len(segments) - 1)]


def test_the_plan_of_25_frames_is_the_beginning_of_that_of_61() -> None:
    fields = {"zoom": "0:(1), 100:(2)", "strength_schedule": CUT_AT_6, "animation_prompts": {"0": "a", "30": "b"}}
    short, long = score(max_frames=25, **fields), score(max_frames=61, **fields)
    assert list(plan(short.recipe, range(25))) == list(plan(long.recipe, range(25)))
    assert [short.motion("zoom", i) for i in range(25)] == [long.motion("zoom", i) for i in range(25)]
    assert [short.grading(i) for i in range(25)] == [long.grading(i) for i in range(25)]
    assert short.recipe.digest == long.recipe.digest


def test_a_cut_is_drawn_from_words_alone_and_begins_a_scene() -> None:
    of = score(strength_schedule=CUT_AT_6)
    assert [isinstance(of.key(k).init, FromNoise) for k in (0, 3, 6, 9)] == [True, False, True, False]
    assert of.key(9).init == FromFilm(strength=0.5, previous=6)
    assert [of.scene(k) for k in (0, 3, 6, 9)] == [0, 0, 6, 6]
    assert [of.segment(n).waits_for for n in range(4)] == [None, 0, None, 2]
    assert [set(of.needs(of.segment(n))) for n in range(4)] == [set(), {0}, set(), {6}]
    assert [of.chain(n) for n in range(4)] == [0, 0, 6, 6]


def test_a_later_key_of_a_scene_needs_the_one_before_and_the_first() -> None:
    of = score(max_frames=40, strength_schedule=CUT_AT_6)
    assert set(of.needs(of.segment(6))) == {15, 6}


def test_scenes_are_the_same_in_whatever_order_they_are_asked_for() -> None:
    fields = {"max_frames": 60, "strength_schedule": "0:(0.5) step, 20:(1) step, 22:(0.5) step, 40:(1) step, 43:(0.5)"}
    forwards = [score(**fields).scene(k) for k in range(0, 60, 3)]
    of = score(**fields)
    assert [of.scene(k) for k in reversed(range(0, 60, 3))] == forwards[::-1]
    assert [of.scene(k) for k in (57, 3, 45, 24, 57)] == [42, 0, 42, 21, 42]


@pytest.mark.parametrize(
    ("fields", "seeds"),
    [
        ({}, [100, 101, 102, 103]),
        ({"seed_behavior": "fixed"}, [100] * 4),
        ({"seed_behavior": "iter", "seed_iter_N": 2}, [100, 100, 101, 101]),
        ({"seed_behavior": "alternate"}, [100, 101, 100, 101]),
        ({"seed_behavior": "ladder"}, [100, 102, 101, 103]),
        ({"seed_behavior": "schedule", "seed_schedule": "0:(7) step, 6:(9)"}, [7, 7, 9, 9]),
    ],
)
def test_seeds_count_drawn_frames(fields: dict[str, Any], seeds: list[int]) -> None:
    of = score(**fields)
    assert [of.seed(k) for k in (0, 3, 6, 9)] == seeds


def test_deforums_ladder_is_the_iterated_rule() -> None:
    of = score(max_frames=60, seed_behavior="ladder", diffusion_cadence=1)
    seed, expected = 100, []
    for n in range(60):
        expected.append(seed)
        seed += 2 if n % 2 == 0 else -1
    assert [of.seed(k) for k in range(60)] == expected


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({"steps": 10}, 10),  # of which half are climbed
        ({"steps": 10, "steps_mode": "exact"}, 20),
        ({"steps": 1}, 2),  # at least one is climbed
        ({"steps": 10, "steps_schedule": "0:(10), 6:(16)"}, 13),
        ({"steps": 10, "strength_schedule": "0:(1)", "steps_mode": "exact"}, 10),
    ],
)
def test_steps_of_a_key(fields: dict[str, Any], steps: int) -> None:
    assert score(**{"strength_schedule": "0:(0.5)", **fields}).key(3).steps == steps


def test_words_hold_or_blend() -> None:
    prompts = {"0": "a", "6": "b --neg c"}
    assert score(animation_prompts=prompts).words(3) == PromptPair(prompt="a", syntax="a1111")
    assert score(animation_prompts=prompts).words(6) == PromptPair(prompt="b", negative_prompt="c", syntax="a1111")
    blended = score(animation_prompts=prompts, prompt_interpolation="blend").words(3)
    assert isinstance(blended, LerpPrompt)
    assert blended.weight == 0.5


def test_a_crossfade_draws_what_it_fades_with_and_means_the_films_own_length() -> None:
    of = score(loop_mode="crossfade:4", zoom="0:(1), max_f:(2)")
    assert (of.total, of.timeline.frames) == (16, 12)
    assert of.motion("zoom", 11) == 2
    assert of.recipe.digest == score(zoom="0:(1), max_f:(2)").recipe.digest
    assert score(loop_mode="pingpong").total == 12


def test_schedules_are_checked_for_the_frames_of_a_crossfade_too() -> None:
    score(zoom="0:(12 - t)")
    with pytest.raises(BadRequest, match="at frame 12"):
        score(zoom="0:(12 - t)", loop_mode="crossfade:4")


def test_a_crossfade_longer_than_the_film_is_refused() -> None:
    score(loop_mode="crossfade:12")
    with pytest.raises(BadRequest) as refused:
        score(loop_mode="crossfade:13")
    assert refused.value.field == "loop_mode"
    assert "at most crossfade:12" in refused.value.hint
