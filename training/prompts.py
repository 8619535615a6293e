"""The fixed list of prompts that the evaluation draws: the same words and seeds every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.art import STYLES, Concept
from training.colours import BACKGROUNDS, OBJECT_COLOURS

FIRST_SEED = 7_000_000
COLOURED = 80
STYLE_PHRASES = {"3d": "3d render", "flat": "flat icon", "cartoon": "cartoon"}
WORDINGS = (
    "{style} of {a} {thing}{ground}",
    "{a} {thing}, {style}{ground}",
    "{thing} {style}{ground}",
    "{a} {thing}{ground}, {style}",
    "{style}, {thing}{ground}",
)
GROUNDS = (" on {a} {colour} background", ", {colour} background", " on {a} {colour} background")
_KNOWN = (
    "apple,banana,strawberry,pizza,birthday cake,cat,dog,panda,penguin,frog,butterfly,sunflower,"
    "tree,heart,star,house,castle,car,rocket,airplane,guitar,robot,ghost,snowman"
)
WELL_KNOWN = tuple(_KNOWN.split(","))


@dataclass(frozen=True, slots=True)
class Prompt:
    """Words with what they ask for; `colour` is None where they name no colour of the thing."""

    text: str
    seed: int
    concept: str
    style: str
    background: str
    colour: str | None = None


def article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def worded(number: int, concept: str, style: str, background: str, colour: str | None = None) -> Prompt:
    """Prompt `number` of a list; white is the background that every second prompt leaves unsaid."""
    thing = f"{colour} {concept}" if colour else concept
    unsaid = background == "white" and number % 2 == 0
    phrase = GROUNDS[number // len(STYLES) % len(GROUNDS)]
    ground = "" if unsaid else phrase.format(a=article(background), colour=background)
    wording = WORDINGS[number % len(WORDINGS)]
    text = wording.format(style=STYLE_PHRASES[style], a=article(thing), thing=thing, ground=ground)
    return Prompt(text, FIRST_SEED + number, concept, style, background, colour)


def concept_prompts(concepts: Sequence[Concept]) -> list[Prompt]:
    """Every concept once; styles and backgrounds rotate, never the background in the thing's own colour."""
    grounds, prompts = list(BACKGROUNDS), []
    for number, concept in enumerate(concepts):
        ground = grounds[number % len(grounds)]
        if ground == concept.colour:
            ground = grounds[(number + 1) % len(grounds)]
        prompts.append(worded(number, concept.name, STYLES[number % len(STYLES)], ground))
    return prompts


def colour_prompts(concepts: Sequence[Concept], count: int = COLOURED) -> list[Prompt]:
    """Things in a colour that is not their own, on white, or on blue where white on white would not be seen."""
    able = [c for c in concepts if c.colour is not None]
    colours, prompts = list(OBJECT_COLOURS), []
    for number in range(min(count, len(able))):
        concept = able[number * len(able) // min(count, len(able))]
        colour = colours[number % len(colours)]
        if colour == concept.colour:
            colour = colours[(number + 4) % len(colours)]
        ground = "blue" if colour == "white" else "white"
        prompts.append(worded(1000 + number, concept.name, STYLES[number % len(STYLES)], ground, colour))
    return prompts


def all_prompts(concepts: Sequence[Concept]) -> list[Prompt]:
    """Both lists, shuffled once and for all, so that the first hundred are a fair sample."""
    prompts = concept_prompts(concepts) + colour_prompts(concepts)
    return [prompts[int(k)] for k in np.random.default_rng(0).permutation(len(prompts))]


def subsample(prompts: Sequence[Prompt], limit: int | None) -> list[Prompt]:
    """At most `limit` prompts, evenly from the whole list."""
    if limit is None or limit >= len(prompts):
        return list(prompts)
    return [prompts[k * len(prompts) // limit] for k in range(limit)]


def known_prompts(concepts: Sequence[str]) -> list[Prompt]:
    """Plain prompts for things everybody knows: styles rotate, on white."""
    return [worded(2 * number, name, STYLES[number % len(STYLES)], "white") for number, name in enumerate(concepts)]
