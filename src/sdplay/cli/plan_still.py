"""`sdplay plan txt2img` and the other modes of single pictures: what would be drawn, and in how much memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.batch import prompts
from sdplay.cli.draw import DrawCommand, open_studio
from sdplay.cli.flags import in_the_words_of, request_fields
from sdplay.cli.listing import printable, table

if TYPE_CHECKING:
    from sdplay.studio import ResolvedRequest


class PlanStillCommand(DrawCommand):
    """Plans pictures in one mode; its flags are those that draw them."""

    def draw(self, **params: Any) -> int:
        from sdplay.jobs.requests import requests_for

        with in_the_words_of(click.get_current_context()):
            texts = prompts(params.pop("prompt"), params.pop("prompts_from"))
            asked = requests_for(self.kind, texts, request_fields(self.kind, params))
            with open_studio() as studio:
                for request in asked:
                    click.echo(table(facts(studio.resolve(request))))
        return 0


def facts(settled: ResolvedRequest) -> Iterator[tuple[str, str]]:
    """What is settled, and what it takes, in rows of name and value."""
    from sdplay.cli.progress import plan_line
    from sdplay.core.amount import amount_text
    from sdplay.jobs.memory import memory_of, other_ways
    from sdplay.requests.plan import count

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
