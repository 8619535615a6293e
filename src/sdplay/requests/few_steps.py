"""Drafts in four steps: with the LoRA that a model's card names for them, where nothing asks for what it cannot do."""

from __future__ import annotations

from typing import TypeVar

from sdplay.core.identity import add_on_name, without_weights
from sdplay.library.card import ModelCard
from sdplay.requests.base import Request
from sdplay.requests.stills import Still

STEPS = 4  # that such a LoRA was distilled to
MOST_STEPS = 8  # that somebody may name who still means few
SAMPLERS = ("ddim", "euler")  # the two take the same steps, and are what it was distilled for
SCHEDULE = "trailing"

AnyRequest = TypeVar("AnyRequest", bound=Request)


def with_few_steps(request: AnyRequest, card: ModelCard) -> AnyRequest:
    """`request`, with the few-step LoRA of `card` and its settings where it is a draft of a picture.

    As it is where the card names none, and for what a network without guidance cannot do: a negative prompt, a guidance
    scale above 1, many steps, another sampler. Such a draft is one with forecast steps (`SHARES`).
    """
    if request.quality != "draft" or not card.few_steps or not isinstance(request, Still):
        return request
    many = (request.steps or 0) > MOST_STEPS
    guided = (request.guidance_scale or 0) > 1 or request.negative_prompt.strip()
    if many or guided or request.sampler not in {None, *SAMPLERS} or request.schedule not in {None, SCHEDULE}:
        return request
    named = {add_on_name(without_weights("lora", entry)) for entry in request.lora}
    lora = request.lora if card.few_steps in named else (*request.lora, card.few_steps)
    few = {"lora": lora, "steps": request.steps or STEPS, "guidance_scale": 1.0}
    few |= {"sampler": request.sampler or SAMPLERS[0], "schedule": SCHEDULE}
    return request.model_copy(update=few)
