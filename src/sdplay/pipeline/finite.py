"""Numbers that are none: what half precision cannot hold is calculated again in float32, and that is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sdplay.families.base import Family
from sdplay.pipeline.latents import InitLatents
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.requests.recipe import Recipe, in_more_precision

DARKEST = -1 + 1 / 255  # up to here everything is rounded to black
# Loads the model of a recipe in the number formats of another.
LoadExact = Callable[[Recipe], LoadedModel]


def decoded(
    recipe: Recipe, family: Family, latents: Tensor, starts: Sequence[InitLatents]
) -> tuple[Tensor, frozenset[int]]:
    """What the codec makes of `latents` [B, C, h, w], and which rows it made again in float32: those that came out as
    no numbers, or black, in less.

    Left as they are: rows whose latents are no numbers already, and those for which the codec has also read a picture
    (of a model made for inpainting it always has): its recipe could not say that it read in one format and wrote in
    another.
    """
    drawn = family.decode(latents)
    read = any(start.known is not None or start.inpaint_channels is not None for start in starts)
    if recipe.numerics.decode_dtype == "float32" or read:
        return drawn, frozenset()
    again = frozenset(row for row in range(len(drawn)) if is_finite(latents[row]) and is_lost(drawn[row]))
    if not again:
        return drawn, again
    exact = family.decode_float32(latents)
    return torch.stack([exact[row] if row in again else each for row, each in enumerate(drawn)]), again


def is_finite(values: Tensor) -> bool:
    return bool(torch.isfinite(values).all())


def is_lost(drawn: Tensor) -> bool:
    """Whether a picture [3, H, W] is no numbers, or black all over."""
    return not is_finite(drawn) or bool(drawn.amax() <= DARKEST)


def decoded_in_float32(recipe: Recipe) -> Recipe:
    """The recipe of a picture whose codec worked in float32: it draws the same bits, and so it is what is recorded."""
    return replace(recipe, numerics=replace(recipe.numerics, decode_dtype="float32"))


def tried_again(recipe: Recipe) -> Iterator[tuple[Recipe, str]]:
    """The recipe in more and more precision; and how that is told."""
    before = recipe.numerics
    for more in in_more_precision(recipe):
        if more.numerics.dtype == before.dtype:
            yield more, told("with its codec in float32", before.decode_dtype)
        else:
            yield more, told("in float32", before.dtype)


def told(how: str, before: str) -> str:
    return f"drawn again {how}, since its numbers overflowed in {before}"


DECODED = "decoded again in float32, since it came out black or as no numbers in less"
