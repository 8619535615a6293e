"""A film in its job folder: all that it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdplay.core.sample import Segment
from sdplay.core.warning import RequestWarning
from sdplay.film.job.encoder import FilmEncoder
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.fork import ForkSource
from sdplay.film.plan import FilmPlan
from sdplay.images.read import Pixels
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, Executor, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """All that a film is made from; `warnings` is for people, `noted` goes into every line of the journal.

    With `source` the segments that come out as in that film are copied from it; with `frames` that part of the film is
    made, and what it starts from.
    """

    recipe: Recipe
    plan: FilmPlan
    model: ResolvedModel
    device: str
    folder: JobFolder
    executor: Executor
    encoder: FilmEncoder
    warnings: tuple[RequestWarning, ...] = ()
    noted: Mapping[str, bool | str] = field(default_factory=dict[str, bool | str])
    source: ForkSource | None = None
    frames: range | None = None

    def task(self, segment: Segment, given: Mapping[int, Pixels]) -> Task:
        indices = range(segment.first, segment.stop)
        return DrawTask(recipe=self.recipe, indices=indices, model=self.model, device=self.device, given=given)
