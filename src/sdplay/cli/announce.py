"""What is said before anything is drawn: the settings, and how much memory they take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sdplay.cli.flags import as_flags
from sdplay.cli.text import printable

if TYPE_CHECKING:
    from sdplay.requests.recipe import Recipe
    from sdplay.studio import ResolvedRequest


def facts(settled: ResolvedRequest) -> Iterator[tuple[str, str]]:
    """What is settled, and what it takes, in rows of name and value."""
    from sdplay.core.values import amount_text
    from sdplay.jobs.resolve import memory_of, other_ways
    from sdplay.requests.recipe import count

    recipe, memory = settled.recipe, memory_of(settled)
    yield "prompt", printable(getattr(recipe.request, "prompt", ""))
    yield "picture", plan_line(recipe, range(count(recipe))).removeprefix("drawing ")
    yield "numbers", f"{recipe.numerics.dtype} on {settled.device}, codec in {recipe.numerics.decode_dtype}"
    if memory is None:
        yield "memory", "not known: the files do not tell how large the model is"
        return
    yield "memory", str(memory).removeprefix("memory: ")
    if memory.free is not None:
        yield "free", amount_text(memory.free)
    for plan in other_ways(settled):
        yield "less", f"{amount_text(plan.predicted)}: {', '.join(plan.steps)}"


def memory_lines(settled: ResolvedRequest) -> Iterator[str]:
    """The plan where little memory is asked for, the memory that it takes, and a warning where there is less."""
    from sdplay.jobs.resolve import memory_of

    request = settled.recipe.request
    memory = memory_of(settled)
    if settled.recipe.numerics.attention_slice:
        yield plan(settled)
    if memory is None:
        return
    if request.run.low_memory or memory.allowed is not None:
        yield str(memory)
    if memory.warning:
        yield f"note: {as_flags(memory.warning)}"


def plan(settled: ResolvedRequest) -> str:
    """What drawing in little memory means for this picture."""
    from sdplay.requests.txt2img import picture_size

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


def plan_line(recipe: Recipe, indices: Sequence[int]) -> str:
    """What is about to be drawn, in one line."""
    from sdplay.requests.txt2img import second_pass

    pictures = "1 picture" if len(indices) == 1 else f"{len(indices)} pictures"
    second = second_pass(recipe)
    larger = f", then {second.width}x{second.height}," if second is not None else ""
    return (
        f"drawing {pictures} of {recipe.width}x{recipe.height}{larger} with {recipe.model.name}: {recipe.steps} steps, "
        f"{recipe.sampler}, {recipe.schedule}, guidance {recipe.guidance_scale:g}, seed {recipe.seed + indices[0]}"
    )
