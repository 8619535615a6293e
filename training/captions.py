"""Words for a drawing: style, name, colour of the thing and background, in many orders and wordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.art import Concept

STYLE_WORDS = {
    "3d": ("3d render", "3d render", "3d render", "3d", "3d icon", "3d rendering"),
    "flat": ("flat icon", "flat icon", "flat icon", "flat", "flat design", "flat vector icon"),
    "cartoon": ("cartoon", "cartoon", "cartoon", "cartoon drawing", "cartoon style", "drawing"),
}
EMPTY_SHARE = 0.1
NO_STYLE_SHARE = 0.1
SYNONYM_SHARE, TAG_SHARE = 0.2, 0.04
WHITE_SAID = 0.35


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture shows: a concept in a style on a named background; `colour` None where it is the drawing's own."""

    concept: Concept
    style: str
    background: str
    colour: str | None
    tags: Sequence[str] = ()


def article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def thing(shown: Shown, rng: np.random.Generator) -> str:
    """The thing with its colour, with or without an article; now and then under another name."""
    name, u = shown.concept.name, rng.random()
    if shown.concept.synonyms and u < SYNONYM_SHARE:
        name = str(rng.choice(shown.concept.synonyms))
    elif shown.tags and u < SYNONYM_SHARE + TAG_SHARE:
        name = str(rng.choice(shown.tags))
    if shown.colour is not None:
        name = f"{shown.colour} {name}"
    u = rng.random()
    return name if u < 0.3 else f"{article(name)} {name}" if u < 0.9 else f"the {name}"


def caption(shown: Shown, rng: np.random.Generator) -> str:
    """One wording of what is shown, lower case; empty for the share that teaches guidance."""
    if rng.random() < EMPTY_SHARE:
        return ""
    what = thing(shown, rng)
    if rng.random() >= NO_STYLE_SHARE:
        style = str(rng.choice(STYLE_WORDS[shown.style]))
        u = rng.random()
        if u < 0.35:
            what = f"{style} of {what}"
        elif u < 0.75:
            what = f"{what}, {style}"
        elif u < 0.9:
            what = f"{what} {style}"
        else:
            what = f"{style}, {what}"
    if shown.background == "white" and rng.random() >= WHITE_SAID:
        return what
    ground = shown.background
    u = rng.random()
    if u < 0.55:
        return f"{what} on a {ground} background"
    if u < 0.75:
        return f"{what}, {ground} background"
    if u < 0.85:
        return f"{what}, on {ground}"
    if u < 0.93:
        return f"{what} with a {ground} background"
    return f"{ground} background, {what}"
