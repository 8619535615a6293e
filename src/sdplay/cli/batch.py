"""Many requests from one command line: a folder of pictures, a file of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.deliver import MOST_SHOWN, Delivery, deliver
from sdplay.cli.flags import in_the_words_of
from sdplay.cli.outcome import FAILED, reason
from sdplay.core.errors import BadRequest, Stopped

if TYPE_CHECKING:
    from sdplay.requests.request import AnyStill
    from sdplay.studio import ResolvedRequest, Studio

PROMPTS_FROM = "--prompts-from"
GIVEN = ("image", "mask")  # fields whose fault may be that of one file among many


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
    from sdplay.requests.plan import count

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
