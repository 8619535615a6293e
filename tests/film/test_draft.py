"""A draft is the same film in a fraction of the work, and as long as it."""

from __future__ import annotations

from typing import Any

import pytest

from sdplay.film.draft import draft_of
from sdplay.film.plan import film_plan
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.requests.base import make_request
from sdplay.requests.resolve import resolve_request
from tests.support.recipes import MACHINE, MODEL


def plan_of(kind: type[Film], fields: dict[str, Any]) -> Any:
    return film_plan(resolve_request(make_request(kind, **fields), MODEL, MACHINE, 7))


def drafted(kind: type[Film], **fields: Any) -> tuple[Any, Any, tuple[str, ...]]:
    """The plan of the film, of its draft, and what is said of that."""
    whole = plan_of(kind, fields)
    draft = draft_of(whole)
    return whole, plan_of(kind, fields | dict(draft.changes)), draft.says


@pytest.mark.parametrize(
    "fields",
    [
        {"num": 48},
        {"num": 48, "loop": True},
        {"frames_per_key": 12},
        {"frames_per_key": 12, "loop": True},
        {"frames_per_key": 12, "num": 100},
        {"keyframes": [{"frame": 0, "prompt": "a"}, {"frame": 20, "prompt": "b", "seed": 4}], "num": 40},
        {"num": 48, "path": "circle"},
    ],
)
def test_a_dream_has_its_keys_at_the_same_seconds(fields: dict[str, Any]) -> None:
    words = {} if "keyframes" in fields else {"prompts": ["a", "b"] if fields.get("path") else ["a", "b", "c"]}
    whole, draft, says = drafted(Dream, seed=1, steps=30, **words, **fields)
    assert isinstance(whole, DreamPlan)
    assert isinstance(draft, DreamPlan)
    assert draft.total / draft.request.rate == pytest.approx(whole.total / whole.request.rate, rel=0.05)
    assert [key.prompt for key in draft.named] == [key.prompt for key in whole.named]
    for number in range(len(whole.named)):
        at = whole.layout.time(number) / float(whole.request.rate)
        assert draft.layout.time(number) / float(draft.request.rate) == pytest.approx(at, abs=0.1)
    assert (draft.recipe.steps, len(says)) == (10, 2)


def test_an_animation_moves_as_it_does_and_draws_half_as_many_frames() -> None:
    fields = {"animation_prompts": "a hill", "zoom": "0:(1.03)", "max_frames": 60, "steps": 21}
    whole, draft, says = drafted(Animate, **fields)
    assert isinstance(draft, AnimationPlan)
    assert (draft.cadence, draft.recipe.steps, draft.total) == (6, 7, 60)
    assert [draft.motion("zoom", i) for i in range(60)] == [whole.motion("zoom", i) for i in range(60)]
    assert says == ("7 steps in place of 21", "one frame in 6 is drawn, not one in 3")


def test_few_steps_and_few_frames_stay() -> None:
    _, draft, says = drafted(Dream, prompts=["a", "b", "c"], num=4, steps=6)
    assert (draft.recipe.steps, draft.total, says) == (6, 4, ())


def test_steps_that_follow_a_schedule_stay() -> None:
    assert "steps" not in draft_of(plan_of(Animate, {"animation_prompts": "a", "steps_schedule": "0:(30)"})).changes
