"""The words that a film is drawn from, as far as they are known before it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sdplay.core.sample import PromptPair
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan

if TYPE_CHECKING:
    from sdplay.film.plan import FilmPlan

MOST_READ = 100  # keys


def film_prompts(plan: FilmPlan) -> Iterator[PromptPair]:
    """The prompts of the film's keys, of the first hundred; arithmetic in them as a 1."""
    syntax = plan.recipe.request.prompt_syntax
    if isinstance(plan, DreamPlan):
        yield from (plan.key(number).prompt for number in range(min(len(plan.named), MOST_READ)))
    elif isinstance(plan, AnimationPlan):
        for key in plan.schedules.prompts.keys[:MOST_READ]:
            yield PromptPair(prompt=key.prompt.as_written, negative_prompt=key.negative.as_written, syntax=syntax)
