"""Which pictures or frames a recipe stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.sample import Sample
from sdplay.requests.modes import load, mode_of
from sdplay.requests.recipe import Recipe


def count(recipe: Recipe) -> int:
    """How many pictures or frames `recipe` asks for."""
    return load(mode_of(recipe.request).count)(recipe.request)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples of `recipe` with these `indices`, in that order."""
    return load(mode_of(recipe.request).plan)(recipe, indices)
