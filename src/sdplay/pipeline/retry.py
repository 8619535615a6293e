"""One loop around `render` for pictures and frames that come out bad: in higher precision, then from other seeds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sdplay.core.errors import MemoryFailed, NumbersFailed, RenderFailed
from sdplay.core.sample import AnyNoise, Noise, Sample, SlerpNoise, SplineNoise
from sdplay.core.seeding import reroll_seed
from sdplay.events import Event, ImageDone, Retried
from sdplay.images.picture import Picture
from sdplay.images.read import Pixels
from sdplay.pipeline.latents import InitPixels, no_init_pixels
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.render import Preview, render
from sdplay.requests.recipe import Recipe, in_more_precision

REROLLS = 5
BLACK = "all black, though its numbers are sound"
# Loads the model of a recipe in the number formats of another recipe.
LoadPrecise = Callable[[Recipe], LoadedModel]
# The picture before the frame of this index, None if there is none.
PreviousPixels = Callable[[int], Pixels | None]


def no_previous(index: int) -> None:
    """For samples that follow nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """What happens to a sample that stays bad even in float32.

    "defer" raises when all others are done, "error" at once; "reroll" tries other seeds first; "previous" repeats the
    picture before, and "keep" gives a black one. `black_is_bad`: a black picture counts as a failure, else it is only
    reported. `smaller_batches`: if memory runs out, the rest is drawn in batches of half the size, which changes last
    bits.
    """

    on_failure: Literal["defer", "error", "reroll", "previous", "keep"] = "defer"
    black_is_bad: bool = False
    smaller_batches: bool = False
    previous: PreviousPixels = no_previous

    def check(self, picture: Picture) -> None:
        """Raise `NumbersFailed` for a black picture if that is bad."""
        if self.black_is_bad and is_black(picture):
            raise NumbersFailed("the frame came out black", hint="another `precision` may help: float32")


DEFER = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderInputs:
    """What samples are rendered with; `load_precise` loads the same model in higher precision."""

    recipe: Recipe
    model: LoadedModel
    load_precise: LoadPrecise | None = None
    init_pixels: InitPixels = no_init_pixels
    preview: Preview | None = None
    policy: RetryPolicy = DEFER
    keep_latents: bool = False

    def render(self, samples: Iterable[Sample]) -> Iterator[Event]:
        """`samples` without any retry."""
        family, text_cache = self.model.family, self.model.text_cache
        options = {"preview": self.preview, "keep_latents": self.keep_latents}
        return render(self.recipe, samples, family, text_cache, self.init_pixels, **options)

    def starting_from(self, init_pixels: InitPixels, previous: PreviousPixels) -> RenderInputs:
        return replace(self, init_pixels=init_pixels, policy=replace(self.policy, previous=previous))

    def in_smaller_batches(self) -> RenderInputs:
        numerics = replace(self.recipe.numerics, tile=self.recipe.numerics.tile // 2)
        return replace(self, recipe=replace(self.recipe, numerics=numerics))

    def good_pixels(self, sample: Sample) -> Pixels | None:
        """The pixels of `sample`, rendered alone; None if they are bad."""
        try:
            picture = next(event.picture for event in self.render([sample]) if isinstance(event, ImageDone))
        except NumbersFailed:
            return None
        return None if is_black(picture) else picture.pixels


def render_with_retry(inputs: RenderInputs, samples: Iterable[Sample]) -> Generator[Event, None, None]:
    """`render`, but a sample whose numbers overflow costs none of the others; see `RetryPolicy`.

    `Retried` comes before the `ImageDone` of such a sample. Raises `NumbersFailed` or `RenderFailed` if nothing helped,
    and `MemoryFailed` if a single sample does not fit.
    """
    source, pending, failed = iter(samples), deque[Sample](), dict[int, NumbersFailed]()

    def remaining() -> Iterator[Sample]:
        yield from tuple(pending)
        for sample in source:
            pending.append(sample)
            yield sample

    finished = False
    while not finished:
        try:
            for event in inputs.render(remaining()):
                if isinstance(event, ImageDone):
                    yield from accepted(event, inputs.policy)
                    pending.popleft()
                else:
                    yield event
            finished = True
        except NumbersFailed:
            sample = pending.popleft()  # it, or another one of its batch: each of them is tried alone
            try:
                yield from retry(inputs, sample)
            except NumbersFailed as error:
                failed[sample.index] = error
        except MemoryFailed:
            if not inputs.policy.smaller_batches or inputs.recipe.numerics.tile == 1:
                raise
            inputs = inputs.in_smaller_batches()
            pending.extend(source)
            how = f"in passes of {inputs.recipe.numerics.tile}, since memory ran out"
            yield from (Retried(index=sample.index, how=how) for sample in pending)
    if failed:
        error = next(iter(failed.values()))
        which = ("picture " if len(failed) == 1 else "pictures ") + ", ".join(map(str, failed))
        raise NumbersFailed(f"{which}: {error.reason}", hint=error.hint) from error


def retry(inputs: RenderInputs, sample: Sample) -> Iterator[Event]:
    """The one `sample` that failed, or shares a batch with it; raises the last error if the policy is "defer"."""
    failure: NumbersFailed | None = None
    for attempt, retried, how in attempts(inputs, sample):
        try:
            for event in attempt.render([retried]):
                yield from accepted(event, inputs.policy, how) if isinstance(event, ImageDone) else [event]
            return
        except NumbersFailed as error:
            failure = error
    assert failure is not None
    if inputs.policy.on_failure == "defer":
        raise failure
    pixels, how = stand_in(inputs, sample)
    if pixels is None:
        raise RenderFailed(f"frame {sample.index}: {failure.reason}", hint=failure.hint) from failure
    yield Retried(index=sample.index, how=how)
    yield ImageDone(picture=Picture(pixels=pixels, recipe=inputs.recipe, index=sample.index, seconds=0.0))


def attempts(inputs: RenderInputs, sample: Sample) -> Iterator[tuple[RenderInputs, Sample, str]]:
    """What is tried, and how that is reported: `sample` alone, in higher precision, then from other seeds."""
    yield inputs, sample, ""
    if inputs.load_precise is not None:
        before = inputs.recipe.numerics
        for recipe in in_more_precision(inputs.recipe):
            how, overflowed = "in float32", before.dtype
            if recipe.numerics.dtype == before.dtype:
                how, overflowed = "with its VAE in float32", before.decode_dtype
            reported = f"drawn again {how}, since its numbers overflowed in {overflowed}"
            yield (
                replace(inputs, recipe=recipe, model=inputs.load_precise(recipe), preview=None),
                sample,
                reported,
            )
    for count in range(1, REROLLS + 1) if inputs.policy.on_failure == "reroll" else ():
        yield inputs, replace(sample, noise=other_noise(sample.noise, count)), f"seed {count} of {REROLLS}"


def accepted(event: ImageDone, policy: RetryPolicy, how: str = "") -> Iterator[Event]:
    """`event`, after `how` it was retried and a remark on a black picture; raises `NumbersFailed` for a bad one."""
    policy.check(event.picture)
    if how:
        yield Retried(index=event.picture.index, how=how)
    if is_black(event.picture):
        yield Retried(index=event.picture.index, how=BLACK)
    yield event


def stand_in(inputs: RenderInputs, sample: Sample) -> tuple[Pixels | None, str]:
    """What is shown instead of the bad `sample`, and how that is reported; None if the policy has nothing to show."""
    if inputs.policy.on_failure == "keep":
        return np.zeros((inputs.recipe.height, inputs.recipe.width, 3), np.uint8), "kept"
    if inputs.policy.on_failure == "previous":
        return inputs.policy.previous(sample.index), "the frame before stands still"
    return None, ""


def is_black(picture: Picture) -> bool:
    return not picture.pixels.any()


def other_noise(noise: AnyNoise, attempt: int) -> AnyNoise:
    if isinstance(noise, Noise):
        return replace(noise, seed=reroll_seed(noise.seed, attempt))
    if isinstance(noise, SlerpNoise):
        return replace(noise, start=other_noise(noise.start, attempt), end=other_noise(noise.end, attempt))
    first = noise.through[1] if isinstance(noise, SplineNoise) else noise.first
    return other_noise(first, attempt)
