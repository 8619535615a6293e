"""`sdplay txt2img`, and every other mode: from flags to requests, and on to `deliver`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.batch import deliver_all, prompts, prompts_option
from sdplay.cli.deliver import delivery_from, delivery_options
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.grid import deliver_grid, grid_options, one_flag_each
from sdplay.core.errors import UnknownName

if TYPE_CHECKING:
    from sdplay.library.library import Library
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio

EXECUTOR_VARIABLE = "SDPLAY_EXECUTOR"  # "fake" pretends to draw, without a model: to test this command line


class DrawCommand(click.Command):
    """Draws in one mode. Its flags are those of the mode's request type, read when they are first needed."""

    def __init__(self, mode: str, summary: str, example: str) -> None:
        super().__init__(
            mode,
            callback=self.draw,
            short_help=summary,
            help=f"{summary}\n\n\b\n  {example}",
            epilog="--seed -1 is any seed. Flags can be set in the environment too: SDPLAY_STEPS=30 for --steps 30.",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self._mode = mode

    @property
    def kind(self) -> type[AnyStill]:
        from sdplay.requests.request import STILLS

        return STILLS[self._mode]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self.params:
            flags = request_options(self.kind, positional="prompt", for_new=True)
            prompt = click.Argument(["prompt"], required=False)
            self.params = [prompt, prompts_option(), *flags, *grid_options(), *delivery_options(for_new=True)]
        return super().get_params(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, one_flag_each(args))
        except click.UsageError as error:
            if "unexpected extra argument" in error.message:
                raise click.UsageError(error.message.rstrip(".") + "; put the whole prompt in quotes", ctx) from None
            raise

    def draw(self, **params: Any) -> int:
        from sdplay.jobs.requests import requests_for

        with in_the_words_of(click.get_current_context()):
            texts = prompts(params.pop("prompt"), params.pop("prompts_from"))
            asked = requests_for(self.kind, texts, request_fields(self.kind, params))
            axes, limit, delivery = params.pop("axes"), params.pop("grid_limit"), delivery_from(params)
            with open_studio() as studio:
                if axes:
                    return deliver_grid(studio, asked, axes, limit, delivery)
                return deliver_all(studio, asked, delivery)


def open_studio(workers: int = 1, library: Library | None = None) -> Studio:
    """A studio that draws in this process, in `workers` others, or only pretends to where the environment says so.

    `library` is where it looks for models, those of the environment when left out.
    """
    from sdplay.studio import Studio

    asked = os.environ.get(EXECUTOR_VARIABLE, "inline")
    if asked not in {"inline", "fake"}:
        raise UnknownName(EXECUTOR_VARIABLE, asked, ["inline", "fake"])
    if asked == "inline":
        if workers > 1:
            from sdplay.executors.processes import LocalExecutor

            return Studio(LocalExecutor(workers), library=library)
        return Studio(library=library)
    from sdplay.executors.fake import FakeExecutor

    return Studio(FakeExecutor(), library=library)
