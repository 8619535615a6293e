"""`a cat AND a dog :0.7`: several prompts for one picture, each with its own pull."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdplay.prompts.attention import LARGEST_WEIGHT, NUMBER, check_length, refused, weighted
from sdplay.prompts.lora_tags import lora_tags
from sdplay.prompts.schedule import Schedule, scheduled

AND = re.compile(r"\bAND\b")
WEIGHT = re.compile(rf"\s*+({NUMBER})\s*+")
FAR = 10**9  # more steps than anybody asks for
MOST_PARTS = 16  # each is a row more in every forward pass


@dataclass(frozen=True, slots=True)
class Part:
    """One of the prompts that pull together, `weight` times as hard as one alone would."""

    words: Schedule
    weight: float = 1.0


def composed(text: str, field: str = "prompt") -> tuple[Part, ...]:
    """The parts of `text` without its LoRAs, one where it has no `AND`; raises `BadRequest` naming `field` for more
    than 16.
    """
    check_length(text, field)
    text, _ = lora_tags(text, field)
    texts = AND.split(text)
    if len(texts) > MOST_PARTS:
        raise refused(f"joins {len(texts)} prompts with AND, and {MOST_PARTS} is the most", field, text)
    if len(texts) == 1:
        return (Part(scheduled(text, field)),)
    return tuple(_part(each, field) for each in texts)


def _part(text: str, field: str) -> Part:
    words, colon, number = text.rpartition(":")
    weight = WEIGHT.fullmatch(number) if colon else None
    if weight is None:
        return Part(scheduled(text.strip(), field))
    if not abs(float(weight[1])) <= LARGEST_WEIGHT:
        raise refused(f"the weight of a part is {weight[1]}, and {LARGEST_WEIGHT:.0f} is the most", field, text)
    return Part(scheduled(words.strip(), field), float(weight[1]))


def check(prompt: str, negative: str) -> None:
    """Raise `BadRequest` for a prompt or negative prompt that holds more notation than is read."""
    for part in composed(prompt, "prompt"):
        _check_weights(part.words, "prompt")
    _check_weights(scheduled(negative, "negative_prompt"), "negative_prompt")


def _check_weights(words: Schedule, field: str) -> None:
    """Brackets are read again at each step; the first one and one after every change stand for all."""
    for step in (0, FAR):
        weighted(words.at(step, FAR), field)
