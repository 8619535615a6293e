"""How a run ends: every error is caught here, printed in a line or two without traceback, and becomes an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType

import click

from sdplay.cli.flags import as_flags
from sdplay.cli.request_command import HELP_ALL, RequestCommand
from sdplay.cli.streams import steady_streams
from sdplay.core.errors import BadRequests, SdplayError, shorten

FAILED, BAD_REQUEST, STOPPED, DISK_FULL = 1, 2, 3, 4
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}  # not EFBIG: a file that is too large to be read is that too
OF_THE_PATH = {errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL}
# What libraries say where the system gives no memory; few of them raise MemoryError.
OUT_OF_MEMORY = (
    *("failed to map segment", "annot allocate memory", "can't allocate memory", "bad_alloc", "can't start new thread"),
    *("not enough memory", "unable to allocate"),
)
LESS_MEMORY = "close other programs, raise a limit (`ulimit -v`), or draw smaller, with `low_memory`"
LONGEST_MESSAGE = 300  # characters
STOPPING = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what `kill` and a system that shuts down send


@dataclass(slots=True)
class Ending:
    """How a run ended: its exit code."""

    code: int = 0


@contextmanager
def ended_well() -> Iterator[Ending]:
    """Give every error that is raised inside its exit code, and say it on stderr.

    Inside, being told to terminate is as Ctrl-C: a `KeyboardInterrupt`, so that work is saved and tidied up. Text that
    nobody can read any more, since stdout or stderr is closed or full, stops nothing.
    """
    ending = Ending()
    with steady_streams() as stdout:
        try:
            with interruptible():
                yield ending
            stdout.flush()
        except Exception as error:
            if os.environ.get("SDPLAY_DEBUG"):
                traceback.print_exc()
            ending.code = tell(error)
        except KeyboardInterrupt:
            ending.code = complain("stopped", "", STOPPED)
        if ending.code == 0 and stdout.error is not None and not isinstance(stdout.error, BrokenPipeError):
            message, _, ending.code = of_system(stdout.error)
            complain(f"the output could not be written: {message}", "files that were made are kept", ending.code)


def run_safely(action: Callable[[], int]) -> int:
    """Run `action` and return its exit code, or that of the error it raised; see `ended_well`."""
    with ended_well() as ending:
        ending.code = action()
    return ending.code


def importer(frame: FrameType | None) -> FrameType | None:
    """The frame with the import statement because of which `frame` runs, the outermost if there are several."""
    found = None
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            found = frame.f_back
        frame = frame.f_back
    return found


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal: raise `KeyboardInterrupt`; in an import when that is done, unless a debugger is at work.

    What is raised while torch or numpy are imported aborts the process in their C++, or leaves half a module behind.
    """
    statement = importer(frame)
    if statement is None or sys.gettrace() is not None:
        raise KeyboardInterrupt

    def after_it(*_: object) -> None:
        sys.settrace(None)
        raise KeyboardInterrupt

    statement.f_trace = after_it
    sys.settrace(lambda *_: None)  # without it no frame is traced


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM raise `KeyboardInterrupt`, unless they are ignored or somebody else handles them."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    main = current_thread() is main_thread()
    ours = [sign for sign in STOPPING if main and signal.getsignal(sign) is usual[sign]]
    for sign in ours:
        signal.signal(sign, interrupt)
    try:
        yield
    finally:
        for sign in ours:
            signal.signal(sign, usual[sign])


def tell(error: Exception) -> int:
    """Say on stderr what went wrong and what to do; returns the exit code."""
    if isinstance(error, BadRequests):
        for problem in error.problems:
            tell(problem)
        return error.exit_code
    if isinstance(error, SdplayError):
        return complain(reason(error), as_flags(error.hint), error.exit_code)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return complain("a command is missing", "choose one of those above", BAD_REQUEST)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "sdplay"
        whole = HELP_ALL if error.ctx and isinstance(error.ctx.command, RequestCommand) else "--help"
        return complain(what_is_missing(error), f"`{path} {whole}` lists what there is", BAD_REQUEST)
    if isinstance(error, click.ClickException):
        return complain(decapitalised(error.format_message()), "", error.exit_code)
    if isinstance(error, click.Abort):
        return complain("stopped", "", STOPPED)
    if isinstance(error, EOFError):
        return complain("the input ended before every question was answered", "", BAD_REQUEST)
    if isinstance(error, OSError) and error.errno is not None:
        return complain(*of_system(error))
    if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY):
        return complain("there is too little memory", LESS_MEMORY, FAILED)
    summary = (str(error).splitlines() or [""])[0]
    return complain(
        f"this should not happen: {type(error).__name__}: {summary}",
        "run it again with SDPLAY_DEBUG=1 for the traceback",
        FAILED,
    )


def what_is_missing(error: click.UsageError) -> str:
    """What is wrong with the command line; of a flag that has to be given also what it is."""
    param = error.param if isinstance(error, click.MissingParameter) else None
    if isinstance(param, click.Option) and param.help:
        return f"{max(param.opts, key=len)} is missing: {decapitalised(param.help).rstrip('.')}"
    return decapitalised(error.format_message())


def of_system(error: OSError) -> tuple[str, str, int]:
    """(message, what to do, exit code) for what the operating system refused."""
    from sdplay.cli.terminal import printable

    path = f"{shorten(printable(os.fsdecode(error.filename)))}: " if isinstance(error.filename, str | bytes) else ""
    message = f"{path}{decapitalised(error.strerror or type(error).__name__)}"
    if error.errno in NO_SPACE:
        return message, "make room and give the same command again", DISK_FULL
    return message, "", BAD_REQUEST if error.errno in OF_THE_PATH else FAILED


def reason(error: SdplayError) -> str:
    """What cannot be and why, with `field` as it reads now (`str(error)` keeps the one it was raised with)."""
    where = f"{error.field} = {shorten(error.value)}: " if error.field is not None else ""
    return where + as_flags(error.reason)


def decapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def complain(message: str, hint: str, code: int) -> int:
    """Write "error: …", at most 300 characters of it, and what to do to stderr; returns `code`.

    A run that its user stopped did not fail: it is said without "error:".
    """
    if code == STOPPED:
        label = ""
    else:
        label = "error: " if os.environ.get("NO_COLOR") else click.style("error:", fg="red", bold=True) + " "
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 103]} … {message[-100:]}"
    click.echo(f"{label}{message}" + (f"\n  → {hint}" if hint else ""), err=True)
    return code
