"""The plan of a film: what its frames wait for, and in which segments they are drawn."""

from __future__ import annotations

from typing import Protocol

from sdplay.core.sample import Segment
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.requests.recipe import Recipe

AnyFilm = Dream | Animate
FILMS: dict[str, type[AnyFilm]] = {"dream": Dream, "animate": Animate}


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
    def segment_length(self) -> int: ...
    @property
    def segment_count(self) -> int: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    def segment(self, number: int) -> Segment: ...
    def needs(self, unit: Segment) -> tuple[int, ...]: ...
    def chain(self, number: int) -> int: ...


def film_plan(recipe: Recipe) -> FilmPlan:
    """The plan of a film; raises `BadRequest` and `BadRequests` for what is wrong with any frame of it."""
    return DreamPlan(recipe) if isinstance(recipe.request, Dream) else AnimationPlan(recipe)
