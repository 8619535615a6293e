"""What is drawn, in how much memory, and how far it is: a live bar in a terminal, plain lines elsewhere, nothing when
asked to be quiet.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click

from sdplay.cli.flags import as_flags
from sdplay.cli.terminal import duration, printable
from sdplay.core.values import counted
from sdplay.events import Event, Finished, ImageDone, Started, Stepped

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.table import Table

    from sdplay.core.warning import RequestWarning
    from sdplay.requests.recipe import Recipe
    from sdplay.studio import ResolvedRequest


Clock = Callable[[], float]
BAR_WIDTH = 32


class Tally:
    """Counts events against the clock: how many pictures and steps are done, how fast, and how long the rest takes."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._clock, self._since = clock, clock()
        self.total, self.drawn, self.step, self.steps = 0, 0, 0, 0
        self._stepped_at, self._timed, self._stepping = 0.0, 0, 0.0  # when, how many and how long, decoding left out

    def count(self, event: Event) -> None:
        if isinstance(event, Started):
            self.total, self._since = event.total, self._clock()
        elif isinstance(event, Stepped):
            now = self._clock()
            if event.step > 1:
                self._timed, self._stepping = self._timed + 1, self._stepping + now - self._stepped_at
            self.step, self.steps, self._stepped_at = event.step, event.steps, now
        elif isinstance(event, ImageDone):
            self.drawn, self.step = self.drawn + 1, 0

    @property
    def elapsed(self) -> float:
        return self._clock() - self._since

    @property
    def pace(self) -> str:
        """Denoising speed so far; empty before the second step."""
        if not self._stepping:
            return ""
        speed = self._timed / self._stepping
        return f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step"

    @property
    def left(self) -> str:
        """How long the rest will take at this pace; empty before the first step."""
        done = self.drawn + (self.step / self.steps if self.steps else 0)
        return duration(self.elapsed / done * (self.total - done)) if done else ""


class Progress:
    """Follows one run, a context manager; `aside` makes way for other output. This one says nothing."""

    def begin(self, recipe: Recipe, indices: Sequence[int]) -> None:
        """The recipe is resolved; next the model is loaded."""

    def follow(self, event: Event) -> None:
        pass

    @contextmanager
    def aside(self) -> Iterator[None]:
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Lines(Progress):
    """A line on stderr when the drawing starts and for every picture: for logs and pipes."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._tally = Tally(clock)

    def begin(self, recipe: Recipe, indices: Sequence[int]) -> None:
        click.echo(plan_line(recipe, indices), err=True)

    def follow(self, event: Event) -> None:
        tally = self._tally
        tally.count(event)
        if isinstance(event, ImageDone):
            left = f"about {tally.left} to go" if tally.drawn < tally.total else ""
            facts = [f"{tally.drawn}/{tally.total} in {event.picture.seconds:.1f} s", tally.pace, left]
            click.echo(", ".join(filter(None, facts)), err=True)


class LiveProgress(Progress):
    """Live lines on stdout, which is a terminal; `view` makes them."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(file=sys.stdout)
        self._live: Live | None = None

    def view(self) -> RenderableType:
        raise NotImplementedError

    @contextmanager
    def aside(self) -> Iterator[None]:
        shown = self._live is not None
        self.hide()
        try:
            yield
        finally:
            if shown:
                self.unhide()

    def __enter__(self) -> Self:
        self.unhide()
        return self

    def __exit__(self, *_: object) -> None:
        self.hide()

    def unhide(self) -> None:
        # A new one each time: a `Live` that is started again erases the line above it.
        from rich.live import Live

        self._live = Live(console=self.console, get_renderable=self.view, transient=True, refresh_per_second=8)
        self._live.start(refresh=True)

    def hide(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = None


class Bar(LiveProgress):
    """Pictures done, and the step of the one being drawn."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        super().__init__()
        self._tally = Tally(clock)
        self._step: Stepped | None = None

    def follow(self, event: Event) -> None:
        self._tally.count(event)
        self._step = event if isinstance(event, Stepped) else None
        if isinstance(event, Finished):
            self.hide()

    def view(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        tally = self._tally
        if not tally.total:
            return Text(f"loading the model … {duration(tally.elapsed)}", style="dim")
        table = Table.grid(padding=(0, 1))
        pictures = ProgressBar(total=tally.total, completed=tally.drawn, width=BAR_WIDTH)
        left = Text(f"{tally.left} to go" if tally.left else "", style="dim")
        table.add_row("pictures", pictures, f"{tally.drawn}/{tally.total}", left)
        steps = ProgressBar(total=tally.steps or 1, completed=tally.step, width=BAR_WIDTH)
        count = f"{tally.step}/{tally.steps}" if tally.steps else ""
        table.add_row("step", steps, count, Text(tally.pace, style="dim"))
        return self._with_preview(table)

    def _with_preview(self, table: Table) -> RenderableType:
        """What is emerging, above the bars, where the drawing shows it."""
        from rich.console import Group
        from rich.text import Text

        from sdplay.cli.preview import shown
        from sdplay.cli.terminal import BLOCK_ROWS, blocks, cells

        picture = shown(self._step) if self._step is not None else None
        room = min(BLOCK_ROWS, self.console.height - 4)  # a live picture higher than the terminal would leave traces
        if picture is None or room < 1:
            return table
        return Group(Text.from_ansi(blocks(picture, *cells(picture, room, self.console.width))), table)


def progress_for(*, quiet: bool, lines: bool = True) -> Progress:
    """The progress that suits where the output goes; without `lines` only a terminal shows any."""
    if quiet:
        return Progress()
    return Bar() if in_terminal() else Lines() if lines else Progress()


def in_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def memory_lines(resolved: ResolvedRequest) -> Iterator[str]:
    """The plan where little memory is asked for, the memory that it takes, and a warning where there is less."""
    from sdplay.jobs.resolve import memory_of

    request = resolved.recipe.request
    memory = memory_of(resolved)
    if resolved.recipe.numerics.attention_slice:
        yield low_memory_plan(resolved)
    if memory is None:
        return
    if request.run.low_memory or memory.allowed is not None:
        yield str(memory)
    if memory.warning:
        yield f"note: {as_flags(memory.warning.message)}"


def warning_lines(warnings: Iterable[RequestWarning]) -> list[str]:
    """What will come out otherwise than asked, a line each."""
    return list(dict.fromkeys(printable(f"note: {as_flags(warning.message)}") for warning in warnings))


def low_memory_plan(resolved: ResolvedRequest) -> str:
    """What drawing in little memory means for this picture."""
    from sdplay.requests.txt2img import drawn_size

    recipe, numerics = resolved.recipe, resolved.recipe.numerics
    width, height = drawn_size(recipe)
    tile, larger = numerics.decode_tile, max(width, height) > numerics.decode_tile
    decoding = (
        f"decoded in tiles of {tile} px, which takes long" if larger else f"decoded whole ({tile} px is one tile)"
    )
    return (
        f"Plan: one picture at a time, {width}x{height}, {counted(recipe.steps, 'step')}, "
        f"in {numerics.dtype} on {resolved.device}; attention one head at a time; {decoding}."
    )


def plan_line(recipe: Recipe, indices: Sequence[int]) -> str:
    """What is about to be drawn, in one line."""
    from sdplay.requests.txt2img import picture_size

    pictures = "1 picture" if len(indices) == 1 else f"{len(indices)} pictures"
    width, height = picture_size(recipe)
    larger = f", then {width}x{height}," if (width, height) != (recipe.width, recipe.height) else ""
    return (
        f"drawing {pictures} of {recipe.width}x{recipe.height}{larger} with {recipe.model.name}: "
        f"{counted(recipe.steps, 'step')}, {recipe.sampler}, {recipe.schedule}, guidance {recipe.guidance_scale:g}, "
        f"seed {recipe.seed + indices[0]}"
    )
