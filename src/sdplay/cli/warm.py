"""Whether a command draws with the warm model of the service that runs, and what is said of that."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.flags import as_flags
from sdplay.cli.request_command import Flag

if TYPE_CHECKING:
    from sdplay.tasks import Executor

NO_SERVE, VARIABLE = "--no-serve", "SDPLAY_NO_SERVE"
ALONE = "sdplay.no_serve"  # what `Context.meta` holds if no service is to be used
QUIET = ("quiet", "json", "as_json")  # flags with which nothing is said beside the results


def keep_alone(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        ctx.meta[ALONE] = True


def no_serve() -> click.Option:
    """The flag with which a command draws in its own process; it may also stand before the command."""
    return Flag([NO_SERVE], **SETTINGS)


SETTINGS: dict[str, Any] = {
    "is_flag": True,
    "group": "memory",
    "expose_value": False,
    "callback": keep_alone,
    "help": "Draw in this process even while `sdplay serve` runs.",
}
drawn_by_service = click.option(NO_SERVE, cls=Flag, **SETTINGS)  # a decorator: gives a command --no-serve


def executor_of_service(inside: Callable[[], Executor], workers: int) -> Executor | None:
    """What draws with the warm model of the service of this user, or with `inside` where it does not; None where none
    runs or none is to be used.
    """
    from sdplay.library.library import RUNNING, SERVICE, home_of

    running = home_of(os.environ) / SERVICE / RUNNING
    if not running.exists() or stays_alone():
        return None
    from sdplay.executors.service import ServiceExecutor

    return ServiceExecutor(running.absolute(), inside, note, workers)


def stays_alone() -> bool:
    """Whether the command line or the environment says that no service is to be used."""
    ctx = click.get_current_context(silent=True)
    return (ctx is not None and ALONE in ctx.meta) or click.BOOL.convert(os.environ.get(VARIABLE) or "0", None, ctx)


def note(text: str) -> None:
    """Say on stderr what a person should know, unless the command is to be quiet."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or not any(ctx.params.get(name) for name in QUIET):
        click.echo(f"note: {as_flags(text)}", err=True)
