"""Single pictures, each for itself: one that comes out as no numbers costs none of the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sdplay.core.errors import NumbersFailed
from sdplay.core.sample import Sample
from sdplay.events import Event, ImageDone, Retried
from sdplay.pipeline.finite import LoadExact, tried_again
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.render import Preview, render
from sdplay.requests.recipe import Recipe

BLACK = "all black, though its numbers are sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Easel:
    """What pictures are drawn with; `exact` loads the same model in more precision."""

    recipe: Recipe
    loaded: LoadedModel
    exact: LoadExact
    preview: Preview | None = None

    def render(self, frames: Iterable[Sample]) -> Iterator[Event]:
        return render(self.recipe, frames, self.loaded.family, self.loaded.text_cache, preview=self.preview)


def drawn(easel: Easel, frames: Iterable[Sample]) -> Iterator[Event]:
    """`render`, but a picture whose numbers overflow in half precision is drawn again in more, and told with
    `Retried`. Raises `NumbersFailed` for those that fail even so, when all others are drawn.
    """
    source, todo, failed = iter(frames), deque[Sample](), dict[int, NumbersFailed]()

    def handed() -> Iterator[Sample]:
        """Frames in order; `todo` are those that were handed over and are not drawn yet."""
        yield from tuple(todo)
        for frame in source:
            todo.append(frame)
            yield frame

    finished = False
    while not finished:
        try:
            for event in easel.render(handed()):
                if isinstance(event, ImageDone):
                    todo.popleft()
                    yield from remarked(event)
                else:
                    yield event
            finished = True
        except NumbersFailed:
            frame = todo.popleft()  # it, or one beside it in its tile: each of them is tried by itself
            try:
                yield from alone(easel, frame)
            except NumbersFailed as error:
                failed[frame.index] = error
    if failed:
        error = next(iter(failed.values()))
        which = ("picture " if len(failed) == 1 else "pictures ") + ", ".join(map(str, failed))
        raise NumbersFailed(f"{which}: {error.reason}", hint=error.hint) from error


def alone(easel: Easel, frame: Sample) -> Iterator[Event]:
    """`frame` beside nothing, and where that fails in more precision; raises `NumbersFailed` where nothing helps."""
    try:
        for event in easel.render([frame]):
            yield from remarked(event) if isinstance(event, ImageDone) else [event]
        return
    except NumbersFailed as error:
        failure = error
    for recipe, how in tried_again(easel.recipe):
        loaded = easel.exact(recipe)
        try:
            for event in render(recipe, [frame], loaded.family, loaded.text_cache):
                if isinstance(event, ImageDone):
                    yield Retried(index=frame.index, how=how)
                    yield from remarked(event)
                else:
                    yield event
            return
        except NumbersFailed as error:
            failure = error
    raise failure


def remarked(event: ImageDone) -> Iterator[Event]:
    """A black picture of sound numbers is a picture; it is told, though."""
    if not event.picture.pixels.any():
        yield Retried(index=event.picture.index, how=BLACK)
    yield event
