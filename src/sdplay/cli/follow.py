"""The one loop of the command line, which follows the events of any kind of job; and how a run ends: every error is
caught here, printed in a line or two without traceback, and becomes an exit code.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

import click

from sdplay.cli.flags import as_flags
from sdplay.core.errors import BadRequests, SdplayError, Stopped, shorten

if TYPE_CHECKING:
    from sdplay.cli.progress import Progress
    from sdplay.events import Event


FAILED, BAD_REQUEST, STOPPED = 1, 2, 3
STOPPING = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what `kill` and a system that shuts down send


class Report:
    """What the command line says and shows of one job; each kind of job has its own.

    `out` is the folder that files go to, None if no files are saved; `quiet` leaves out all but the paths of files.
    """

    progress: Progress
    out: Path | None = None
    quiet = False

    def say(self, text: str) -> None:
        """Print a line on stderr, beside the progress, unless it is to be quiet."""
        if not self.quiet:
            with self.progress.aside():
                click.echo(text, err=True)

    def deliver(self, text: str) -> None:
        """Print a line on stdout, beside the progress."""
        with self.progress.aside():
            click.echo(text)

    def events(self) -> Generator[Event, None, None]:
        """Say what is about to be done, and return its events."""
        raise NotImplementedError

    def tell(self, event: Event) -> None:
        """Say and show what `event` is worth to somebody who waits."""

    def may_stop(self, event: Event) -> bool:
        """Whether stopping after `event` loses nothing that is finished."""
        return True

    def done(self) -> None:
        """Say what was made."""

    def stopped(self) -> Stopped:
        """What was saved before Ctrl-C, and how to go on."""
        raise NotImplementedError

    def failed(self, error: SdplayError) -> None:
        """Say what was saved before `error`, or let its hint say how to go on."""


def follow(report: Report) -> None:
    """Follow the job of `report` to its end; raises `Stopped` on Ctrl-C, after what is finished was saved."""
    with no_empty_folder(report.out):
        try:
            with report.progress as progress, Interrupt() as interrupt, closing(report.events()) as events:
                for event in events:
                    interrupt.listen()
                    progress.follow(event)
                    report.tell(event)
                    if interrupt.asked and report.may_stop(event):
                        raise KeyboardInterrupt
            report.done()
        except KeyboardInterrupt:
            raise report.stopped() from None
        except SdplayError as error:
            report.failed(error)
            raise


class Interrupt:
    """Ctrl-C or SIGTERM while pictures are drawn: the first asks to stop after the step, the second stops at once.

    Asking keeps files whole and counts right. Until `listen` is called both work as ever (see `ended_well`),
    because loading a model yields no events. Who ignores a signal goes on ignoring it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._ours = [sign for sign in STOPPING if signal.getsignal(sign) is signal.default_int_handler]

    def listen(self) -> None:
        if not self.asked:
            self._handle(self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
        self._handle(signal.default_int_handler)

    def _handle(self, handler: Callable[[int, FrameType | None], object]) -> None:
        for sign in self._ours:
            signal.signal(sign, handler)

    def __enter__(self) -> Interrupt:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle(signal.default_int_handler)


@contextmanager
def no_empty_folder(folder: Path | None) -> Iterator[None]:
    """When what is inside fails, take away the folders it made and put nothing in."""
    made = [path for path in (folder, *folder.parents) if not path.exists()] if folder is not None else []
    try:
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.rmdir()
        raise


@dataclass(slots=True)
class Ending:
    """How a run ended: its exit code."""

    code: int = 0


@contextmanager
def ended_well() -> Iterator[Ending]:
    """Give every error that is raised inside its exit code, and say it on stderr.

    Inside, being told to terminate is as Ctrl-C: a `KeyboardInterrupt`, so that work is saved and tidied up.
    """
    accept_any_path()
    ending = Ending()
    try:
        with terminated_as_interrupted():
            yield ending
        sys.stdout.flush()  # here, where a reader that went away can still be dealt with
    except Exception as error:
        if os.environ.get("SDPLAY_DEBUG"):
            traceback.print_exc()
        ending.code = tell(error)
    except KeyboardInterrupt:
        ending.code = complain("stopped", "", STOPPED)


def run_safely(action: Callable[[], int]) -> int:
    """Run `action` and return its exit code, or that of the error it raised; see `ended_well`."""
    with ended_well() as ending:
        ending.code = action()
    return ending.code


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM raises `KeyboardInterrupt` inside, unless it is ignored or somebody else handles it."""
    ours = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and current_thread() is main_thread()
    if ours:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def accept_any_path() -> None:
    """Let stdout take what it cannot spell: a path that is not UTF-8, an emoji in an old code page."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        encoding = (sys.stdout.encoding or "").casefold().replace("-", "")
        reconfigure(errors="surrogateescape" if encoding == "utf8" else "backslashreplace")


def tell(error: Exception) -> int:
    """Say on stderr what went wrong and what to do; returns the exit code."""
    if isinstance(error, BadRequests):
        for problem in error.problems:
            tell(problem)
        return error.exit_code
    if isinstance(error, SdplayError):
        return complain(reason(error), as_flags(error.hint), error.exit_code)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "sdplay"
        return complain(decapitalised(error.format_message()), f"`{path} --help` lists what there is", BAD_REQUEST)
    if isinstance(error, click.ClickException):
        return complain(decapitalised(error.format_message()), "", error.exit_code)
    if isinstance(error, BrokenPipeError):
        return FAILED  # whoever read our output went away and reads no message either
    if isinstance(error, click.Abort):
        return complain("stopped", "", STOPPED)
    if isinstance(error, EOFError):
        return complain("the input ended before every question was answered", "", BAD_REQUEST)
    summary = (str(error).splitlines() or [""])[0]
    return complain(
        f"this should not happen: {type(error).__name__}: {summary}",
        "run it again with SDPLAY_DEBUG=1 for the traceback",
        FAILED,
    )


def reason(error: SdplayError) -> str:
    """What cannot be and why, with `field` as it reads now (`str(error)` keeps the one it was raised with)."""
    where = f"{error.field} = {shorten(error.value)}: " if error.field is not None else ""
    return where + as_flags(error.reason)


def decapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def complain(message: str, hint: str, code: int) -> int:
    """Write "error: …" and what to do to stderr, where there still is one; returns `code`."""
    label = "error:" if os.environ.get("NO_COLOR") else click.style("error:", fg="red", bold=True)
    try:
        click.echo(f"{label} {message}" + (f"\n  → {hint}" if hint else ""), err=True)
    except OSError:
        return code
    return code
