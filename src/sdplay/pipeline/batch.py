"""Samples in batches of one fixed size, so that a picture's bits do not depend on how many are drawn beside it.

A forward pass over another batch size may choose another kernel and round differently (measured: 3e-6 in float32,
1.4e-2 in bfloat16 on a CPU). At a fixed size a row's bits are the same at every position and beside any neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice

from sdplay.core.sample import PromptPair, Sample
from sdplay.pipeline.conditioning import guidance_scale_of, make_conds
from sdplay.pipeline.loras import text_loras, unet_loras
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.requests.recipe import Recipe


def batches(
    samples: Iterable[Sample], size: int, key: Callable[[Sample], object]
) -> Iterator[tuple[Sequence[Sample], int]]:
    """Yield (batch of exactly `size` samples, how many of them are real); the last sample pads a short batch.

    Neighbours share a batch if their `key` is the same. Samples are taken only when they are needed.
    """
    for _, group in groupby(samples, key=key):
        while real := list(islice(group, size)):
            yield real + [real[-1]] * (size - len(real)), len(real)


def batch_key(recipe: Recipe, sample: Sample, text_cache: TextEncodingCache) -> object:
    """What samples must have in common to share a batch: sigmas, control, LoRAs, and the lengths of their texts.

    Prompts that change on the way, or are composed of several, must be the same, so that no picture's bits depend on
    the prompt of another.
    """
    return sigmas_key(sample), prompt_key(recipe, sample, text_cache), sample.control


def sigmas_key(sample: Sample) -> tuple[int | None, float | None]:
    """The steps of a sample, and the strength that it starts at: equal ones go through the same sigmas."""
    return sample.steps, getattr(sample.init, "strength", None)


def prompt_key(recipe: Recipe, sample: Sample, text_cache: TextEncodingCache) -> object:
    """The part of `batch_key` that the prompt decides."""
    loras = unet_loras(recipe, sample.prompt)
    conds = make_conds(sample.prompt, text_loras(recipe, sample.prompt))
    if conds.is_plain and conds.is_static:
        read = conds.cond if guidance_scale_of(recipe, sample) == 1 else (conds.uncond, *conds.cond)
        return loras, tuple(len(cond.at(0, 1, text_cache).embeds) for cond in read)
    return loras, sample.prompt if isinstance(sample.prompt, PromptPair) else (sample.prompt.start, sample.prompt.end)
