"""The one loop of the command line: it follows the events of a job, whatever kind it is, and ends it well."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from sdplay.cli.outcome import STOPPING, interrupt
from sdplay.core.errors import SdplayError, Stopped

if TYPE_CHECKING:
    from sdplay.cli.progress import Progress
    from sdplay.events import Event


class Report:
    """What the command line says and shows of one job; each kind of job has a subclass (of pictures: `PictureReport`).

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
        """Start the job, after saying what is about to be done, and return its events."""
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

    Asking keeps files whole and counts right. Until `listen` is called the first stops at once, because loading a model
    yields no events; if Python drops it there, as it does in a destructor, it counts as asked. Who ignores a signal
    goes on ignoring it.
    """

    def __init__(self) -> None:
        self.asked = False
        before = {sign: signal.getsignal(sign) for sign in STOPPING}
        ours = (signal.default_int_handler, interrupt)
        self._before = {sign: handler for sign, handler in before.items() if handler in ours}

    def listen(self) -> None:
        if not self.asked:
            self._handle(self._ask)

    def _stop_at_once(self, number: int, frame: FrameType | None) -> None:
        self._ask()
        interrupt(number, frame)

    def _ask(self, *_: object) -> None:
        self.asked = True
        self._handle(interrupt)

    def _handle(self, handler: Callable[[int, FrameType | None], object]) -> None:
        for sign in self._before:
            signal.signal(sign, handler)

    def __enter__(self) -> Interrupt:
        self._handle(self._stop_at_once)
        return self

    def __exit__(self, *_: object) -> None:
        for sign, handler in self._before.items():
            signal.signal(sign, handler)


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
