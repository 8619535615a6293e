"""Which file plans which mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sdplay.core.sample import Sample, Segment
from sdplay.film import plan_animate as animate
from sdplay.film import plan_dream as dream
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request_dream import Dream
from sdplay.requests import img2img, inpaint, txt2img
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still

PLANS: dict[str, Callable[[Recipe, Sequence[int]], Iterator[Sample]]] = {
    "txt2img": txt2img.plan,
    "img2img": img2img.plan,
    "inpaint": inpaint.plan,
    "dream": dream.plan,
    "animate": animate.plan,
}


class FilmPlan(Protocol):
    """A film as units of work: `total` frames in `units` units of `length` frames, the last one cut.

    `needs` are the key pictures, by frame, that a unit starts from; `chain` is the same number for units that
    follow from each other; `warnings` are what a person should know beforehand.
    """

    @property
    def recipe(self) -> Recipe: ...
    @property
    def total(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def units(self) -> int: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    def unit(self, number: int) -> Segment: ...
    def needs(self, unit: Segment) -> tuple[int, ...]: ...
    def chain(self, number: int) -> int: ...


def film_plan(recipe: Recipe) -> FilmPlan:
    """The plan of a film; raises `BadRequest` and `BadRequests` for what is wrong with any frame of it."""
    return DreamPlan(recipe) if isinstance(recipe.request, Dream) else AnimationPlan(recipe)


def count(recipe: Recipe) -> int:
    """How many pictures or frames `recipe` asks for."""
    request = recipe.request
    if isinstance(request, Still):
        return request.num
    return dream.frames_of(request) if isinstance(request, Dream) else animate.frames_of(request)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The frames of `recipe` with these `indices`, in that order."""
    return PLANS[recipe.request.mode](recipe, indices)
