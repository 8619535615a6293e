"""`sdplay txt2img`, and every other mode: from flags to requests, and on to `deliver`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import MOST_SHOWN, Delivery, deliver, delivery_from, delivery_options
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.grid import deliver_grid, grid_options, one_flag_each
from sdplay.cli.outcome import FAILED, reason
from sdplay.core.errors import BadRequest, Stopped, UnknownName

if TYPE_CHECKING:
    from sdplay.library.library import Library
    from sdplay.requests.request import AnyStill
    from sdplay.studio import ResolvedRequest, Studio


PROMPTS_FROM = "--prompts-from"
GIVEN = ("image", "mask")  # fields whose fault may be that of one file among many

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
        from sdplay.jobs.pictures import requests_for

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


def prompts_option() -> click.Option:
    help_text = "File with a prompt on each line, drawn one after the other; empty lines and # comments are skipped."
    return click.Option([PROMPTS_FROM], type=click.Path(path_type=Path), metavar="FILE", help=help_text)


def prompts(typed: str | None, file: Path | None) -> list[str]:
    """What to draw: the prompt that was typed, or each line of `file`; raises `BadRequest` for an unreadable one."""
    if (typed is None) == (file is None):
        both = "a prompt was typed as well" if file is not None else "missing argument 'PROMPT'"
        raise click.UsageError(f"{both}: say what to draw, or give {PROMPTS_FROM} FILE", click.get_current_context())
    if typed is not None or file is None:
        return [str(typed)]
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise BadRequest(why, field=PROMPTS_FROM, value=str(file), hint="a text file in UTF-8") from None
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise BadRequest("holds no prompt", field=PROMPTS_FROM, value=str(file), hint="write one on each line")
    return found


def deliver_all(studio: Studio, asked: list[AnyStill], delivery: Delivery) -> int:
    """Draw and hand over every request; one whose picture cannot be used is told and skipped. Returns the exit code.

    A single request raises its error instead, and so does everything that is not the fault of one file.
    """
    from sdplay.cli.progress import progress_for
    from sdplay.requests.recipe import count

    if sum(request.num for request in asked) > MOST_SHOWN and delivery.show is None:
        delivery = replace(delivery, show=False)
    done = 0
    try:
        for settled in settled_ones(studio, asked):
            with progress_for(quiet=delivery.quiet) as progress:
                deliver(studio, settled, range(count(settled.recipe)), delivery, progress)
            done += 1
    except Stopped as error:
        if len(asked) > 1:  # its hint, how to go on, is about one request
            raise Stopped(f"{error.reason}; {done} of {len(asked)} requests were done") from None
        raise
    if done == len(asked):
        return 0
    click.echo(f"{len(asked) - done} of {len(asked)} requests could not be drawn", err=True)
    return FAILED


def settled_ones(studio: Studio, asked: list[AnyStill]) -> Iterator[ResolvedRequest]:
    """The recipes of `asked`, each settled when its turn comes."""
    for request in asked:
        try:
            with in_the_words_of(click.get_current_context()):
                settled = studio.resolve(request)
        except BadRequest as error:
            if len(asked) == 1 or not any(error.value == getattr(request, role, None) for role in GIVEN):
                raise
            click.echo(f"skipped: {reason(error)}", err=True)
        else:
            yield settled
