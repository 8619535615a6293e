"""Frames of a film that come out bad: drawn from another seed, or whatever the film says is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdplay.core.errors import MemoryFailed, NumbersFailed, RenderFailed
from sdplay.core.sample import AnyNoise, Noise, Sample, SlerpNoise, SplineNoise
from sdplay.core.seeding import reroll_seed
from sdplay.events import Event, ImageDone, Retried
from sdplay.families.base import Family
from sdplay.film.request import Film
from sdplay.images.picture import Picture
from sdplay.images.read import Pixels
from sdplay.pipeline.batch import sigmas_key
from sdplay.pipeline.finite import LoadExact, tried_again
from sdplay.pipeline.latents import InitPixels, no_init_pixels
from sdplay.pipeline.render import render
from sdplay.pipeline.text_cache import TextEncodingCache
from sdplay.requests.recipe import Recipe

ATTEMPTS = 5
# What is shown instead of the bad frame with this index, None where there is nothing.
Before = Callable[[int], Pixels | None]


def nothing_before(index: int) -> None:
    """For frames that follow nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What frames are drawn with: the model, its texts, the pixels they start from, and what came before them."""

    recipe: Recipe
    family: Family
    words: TextEncodingCache
    film: InitPixels = no_init_pixels
    before: Before = nothing_before
    exact: LoadExact | None = None

    def render(self, frames: Iterable[Sample]) -> Iterator[Event]:
        return render(self.recipe, frames, self.family, self.words, self.film)

    def starting_from(self, film: InitPixels, before: Before) -> Bench:
        return replace(self, film=film, before=before)

    def good(self, frame: Sample) -> Pixels | None:
        """The pixels of `frame`, None where they are bad."""
        picture = attempted(self, frame)
        return picture.pixels if picture is not None else None


def drawn(bench: Bench, frames: Sequence[Sample]) -> Iterator[Event]:
    """`render`, but a frame that comes out as no numbers, or black, is dealt with as the film's `on_bad_frame` says.

    If memory runs out, the rest is drawn in batches of half the size. `Retried` comes before the `ImageDone` of a
    retried frame. Raises `RenderFailed` if the film says so, if five other seeds did no better, or if a single frame
    does not fit.
    """
    assert isinstance(bench.recipe.request, Film)
    todo = list(frames)
    while todo:
        try:
            for event in bench.render(together(todo, bench.recipe.numerics.tile)):
                if isinstance(event, ImageDone):
                    if is_black(event.picture):
                        raise NumbersFailed("the frame came out black", hint=HINT)
                    todo.pop(0)
                yield event
        except NumbersFailed as error:
            yield from rescued(bench, todo.pop(0), error)
        except MemoryFailed:
            if bench.recipe.numerics.tile == 1:
                raise
            bench = in_smaller_passes(bench)
            yield from (Retried(index=frame.index, how=smaller(bench)) for frame in todo)


def in_smaller_passes(bench: Bench) -> Bench:
    """The same bench with half as many frames in a pass, which is slower, fits into less, and gives other last bits."""
    numerics = replace(bench.recipe.numerics, tile=bench.recipe.numerics.tile // 2)
    return replace(bench, recipe=replace(bench.recipe, numerics=numerics))


def smaller(bench: Bench) -> str:
    return f"in passes of {bench.recipe.numerics.tile}, since memory ran out"


HINT = "another --precision may help: float32"


def together(frames: Sequence[Sample], tile: int) -> Sequence[Sample]:
    """The frames at the front that share a tile."""
    return [frame for frame in frames[:tile] if sigmas_key(frame) == sigmas_key(frames[0])]


def rescued(bench: Bench, frame: Sample, error: NumbersFailed) -> Iterator[Event]:
    """The one frame that failed with `error`, or that shares a tile with it, by the film's rule."""
    policy = getattr(bench.recipe.request, "on_bad_frame", "error")
    for found, each, how in tries(bench, frame, rerolls=policy == "reroll"):
        picture = attempted(found, each)
        if picture is not None:
            if how:
                yield Retried(index=frame.index, how=how)
            yield ImageDone(picture=replace(picture, recipe=bench.recipe))
            return
    pixels, how = stand_in(bench, frame, policy)
    if pixels is None:
        raise RenderFailed(f"frame {frame.index}: {error.reason}", hint=error.hint) from error
    yield Retried(index=frame.index, how=how)
    yield ImageDone(picture=Picture(pixels=pixels, recipe=bench.recipe, index=frame.index, seconds=0.0))


def tries(bench: Bench, frame: Sample, *, rerolls: bool) -> Iterator[tuple[Bench, Sample, str]]:
    """What is tried for a bad frame, and how that is told: by itself, in more precision, then from other seeds."""
    yield bench, frame, ""
    if bench.exact is not None:
        for recipe, how in tried_again(bench.recipe):
            loaded = bench.exact(recipe)
            yield replace(bench, recipe=recipe, family=loaded.family, words=loaded.text_cache), frame, how
    for attempt in range(1, ATTEMPTS + 1) if rerolls else ():
        yield bench, rerolled(frame, attempt), f"seed {attempt} of {ATTEMPTS}"


def stand_in(bench: Bench, frame: Sample, policy: str) -> tuple[Pixels | None, str]:
    """What is shown instead of the bad `frame`, and how that is told; kept ones are black, whatever was wrong."""
    if policy == "keep":
        return np.zeros((bench.recipe.height, bench.recipe.width, 3), np.uint8), "kept"
    return (bench.before(frame.index) if policy == "previous" else None), "the frame before stands still"


def attempted(bench: Bench, frame: Sample) -> Picture | None:
    """The picture of `frame` drawn beside nothing, None where it is bad."""
    try:
        picture = next(event.picture for event in bench.render([frame]) if isinstance(event, ImageDone))
    except NumbersFailed:
        return None
    return None if is_black(picture) else picture


def is_black(picture: Picture) -> bool:
    return not picture.pixels.any()


def rerolled(frame: Sample, attempt: int) -> Sample:
    return replace(frame, noise=other_noise(frame.noise, attempt))


def other_noise(noise: AnyNoise, attempt: int) -> AnyNoise:
    if isinstance(noise, Noise):
        return replace(noise, seed=reroll_seed(noise.seed, attempt))
    if isinstance(noise, SlerpNoise):
        return replace(noise, start=other_noise(noise.start, attempt), end=other_noise(noise.end, attempt))
    first = noise.through[1] if isinstance(noise, SplineNoise) else noise.first
    return other_noise(first, attempt)
