"""What is said of memory before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdplay.studio import ResolvedRequest


def memory_lines(settled: ResolvedRequest) -> Iterator[str]:
    """The plan where little memory is asked for, the memory that it takes, and a warning where there is less."""
    from sdplay.jobs.memory import memory_of

    request = settled.recipe.request
    memory = memory_of(settled)
    if settled.recipe.numerics.attention_slice:
        yield plan(settled)
    if memory is None:
        return
    if request.low_memory or memory.allowed is not None:
        yield str(memory)
    if memory.warning:
        yield f"note: {memory.warning}"


def plan(settled: ResolvedRequest) -> str:
    """What drawing in little memory means for this picture."""
    from sdplay.requests.hires import picture_size

    recipe, numerics = settled.recipe, settled.recipe.numerics
    width, height = picture_size(recipe)
    tile, larger = numerics.decode_tile, max(width, height) > numerics.decode_tile
    decoding = (
        f"decoded in tiles of {tile} px, which takes long" if larger else f"decoded whole ({tile} px is one tile)"
    )
    return (
        f"Plan: one picture at a time, {width}x{height}, {recipe.steps} steps, "
        f"in {numerics.dtype} on {settled.device}; attention one head at a time; {decoding}."
    )
