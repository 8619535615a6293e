"""Drafts of a model that has a LoRA for few steps: when it is taken, and when not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdplay.core.fields import Quality
from sdplay.film.request_dream import Dream
from sdplay.jobs.resolve import with_few_steps
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from tests.support.recipes import CARD

QUICK = replace(CARD, few_steps="four-steps")


def draft(**fields: Any) -> Txt2Img:
    return with_few_steps(make_request(Txt2Img, prompt="a cat", quality="draft", **fields), QUICK)


def test_a_draft_is_drawn_in_four_steps_without_guidance() -> None:
    made = draft()
    assert made.lora == ("four-steps",)
    assert (made.steps, made.guidance_scale, made.sampler, made.schedule) == (4, 1.0, "ddim", "trailing")


@pytest.mark.parametrize("own", [{"steps": 6}, {"sampler": "euler"}, {"guidance_scale": 1.0}])
def test_what_was_said_of_a_draft_is_kept_where_it_means_few_steps(own: dict[str, Any]) -> None:
    made = draft(**own)
    assert made.lora == ("four-steps",)
    assert {name: getattr(made, name) for name in own} == own


@pytest.mark.parametrize(
    "more",
    [
        {"steps": 20},
        {"guidance_scale": 3.0},
        {"negative_prompt": "red"},
        {"sampler": "euler_a"},
        {"schedule": "karras"},
    ],
)
def test_a_draft_that_asks_for_more_is_left_as_it_is(more: dict[str, Any]) -> None:
    asked = make_request(Txt2Img, prompt="a cat", quality="draft", **more)
    assert with_few_steps(asked, QUICK) == asked


@pytest.mark.parametrize("quality", ["exact", "fast"])
def test_only_drafts_are_changed(quality: Quality) -> None:
    asked = make_request(Txt2Img, prompt="a cat", quality=quality)
    assert with_few_steps(asked, QUICK) is asked


def test_a_model_without_such_a_lora_draws_drafts_as_ever() -> None:
    asked = make_request(Txt2Img, prompt="a cat", quality="draft")
    assert with_few_steps(asked, CARD) is asked


def test_films_keep_their_steps() -> None:
    asked = make_request(Dream, prompts=("a cat", "a dog"), quality="draft")
    assert with_few_steps(asked, QUICK) is asked


@pytest.mark.parametrize("entry", ["four-steps", "four-steps:0.8", "/loras/four-steps.safetensors"])
def test_the_lora_is_not_taken_twice(entry: str) -> None:
    assert draft(lora=(entry,)).lora == (entry,)


def test_other_loras_stay() -> None:
    assert draft(lora=("blueprint:0.5",)).lora == ("blueprint:0.5", "four-steps")
