"""Films make no choices, and say so; what only looks like one is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from sdplay.core.animate import Animate
from sdplay.core.dream import Dream
from sdplay.core.errors import BadRequest
from sdplay.core.request import AnyFilm, ask
from sdplay.modes.settle import settle
from tests.support.recipes import MACHINE, MODEL


def film(**fields: Any) -> AnyFilm:
    return ask(Animate if "animation_prompts" in fields else Dream, **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompts": ["a {red|blue} apple", "a cat"]}, "prompts"),
        ({"prompts": ["a cat", "a __color__ cat"]}, "prompts"),
        ({"prompts": ["a cat"], "negative_prompt": "{2$$a|b}"}, "negative_prompt"),
        ({"keyframes": [{"frame": 0, "prompt": "a cat", "negative": "__x__"}]}, "keyframes"),
        ({"animation_prompts": {"0": "a cat", "10": "a {red|blue} cat"}}, "animation_prompts"),
        ({"animation_prompts": "a __color__ cat"}, "animation_prompts"),
    ],
)
def test_a_choice_in_a_film_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest, match="for single pictures, not for films") as caught:
        settle(film(**fields), MODEL, MACHINE, 0)
    assert caught.value.field == field
    assert settle(film(**fields, prompt_syntax="plain"), MODEL, MACHINE, 0).request.prompt_syntax == "plain"


@pytest.mark.parametrize(
    "fields",
    [
        {"prompts": ["a [cat|dog]", "snake_case and {one brace}", r"a \{red|blue\} apple"]},
        {"animation_prompts": {"0": "a [cat|dog]", "10": "(cherry:`1+sin(t)`) {tree}"}},
    ],
)
def test_what_is_no_choice_is_taken(fields: dict[str, Any]) -> None:
    assert settle(film(**fields), MODEL, MACHINE, 0).request.mode in ("dream", "animate")


def test_prompts_that_cannot_be_read_are_left_to_the_schedules() -> None:
    recipe = settle(film(animation_prompts='{"0": 5}'), MODEL, MACHINE, 0)
    assert recipe.request.mode == "animate"
