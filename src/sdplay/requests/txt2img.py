"""txt2img: picture i is drawn from the words and from the noise of seed + i."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.sample import FromNoise, Sample
from sdplay.requests.hires import second_pass
from sdplay.requests.plan_stills import stills
from sdplay.requests.recipe import Recipe


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The frames of `indices`, in that order."""
    return stills(recipe, indices, FromNoise(), second_pass(recipe))
