"""`--grid`: one request with every combination of some values, drawn once each and laid out on a labelled sheet."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import Delivery, Interrupt, no_empty_folder, viewer_of
from sdplay.core.errors import BadRequest, SdplayError, Stopped

if TYPE_CHECKING:
    from pathlib import Path

    from sdplay.cli.progress import Progress
    from sdplay.events import Event
    from sdplay.images.picture import SavedImage
    from sdplay.jobs.grid_sheet import GridPlan, GridSheet
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio

FLAG = "--grid"
AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_/ -]{0,40}=")
AXIS_HELP = (
    'Draw a labelled sheet of every combination: --grid "steps=10,20,30" "guidance=3,5,7". Up to three fields; '
    'numbers also as 1-5, 1-10 (+3) or 1-10 [4]; of texts, "prompt=castle|house" puts house in the place of castle. '
    "What is in the folder already is not drawn again."
)


def grid_options() -> list[click.Parameter]:
    limit = click.IntRange(min=1)
    return [
        click.Option([FLAG, "axes"], multiple=True, metavar="AXIS...", help=AXIS_HELP),
        click.Option(["--grid-limit"], type=limit, metavar="N", help="Let a grid have so many pictures (1000)."),
    ]


def one_flag_each(args: Sequence[str]) -> list[str]:
    """`--grid A B` as `--grid A --grid B`: click gives a flag one value, and people write several."""
    spelled, taking = list[str](), False
    for number, arg in enumerate(args):
        if arg == "--":
            return [*spelled, *args[number:]]
        value = spelled[-1:] == [FLAG]
        if not value and taking and AXIS.match(arg):
            spelled.append(FLAG)
        elif not value:
            taking = arg == FLAG or arg.startswith(f"{FLAG}=")
        spelled.append(arg)
    return spelled


def deliver_grid(
    studio: Studio, asked: Sequence[AnyStill], axes: Sequence[str], limit: int | None, delivery: Delivery
) -> int:
    """Draw the grid of the one request `asked`, keep its pictures and its sheet, and tell about it."""
    from sdplay.cli.progress import progress_for
    from sdplay.jobs.grid import grid_keeper
    from sdplay.requests.grid import MOST_PICTURES

    if len(asked) > 1:
        reason = "a grid varies one request, and these are several"
        raise BadRequest(reason, field=FLAG, value=len(asked), hint='write other prompts as an axis: "prompt=cat|dog"')
    assert delivery.out is not None
    plan = studio.plan_grid(asked[0], *axes, limit=limit if limit is not None else MOST_PICTURES)
    viewer, told = viewer_of(delivery), Told(plan, delivery, given_seed=asked[0].seed is not None)
    with no_empty_folder(delivery.out), told.on_failure(), Interrupt() as interrupt:
        keeper = grid_keeper(delivery.out, delivery.format)
        told.plan()
        with progress_for(quiet=delivery.quiet) as progress:
            for event in studio.run_grid(plan, keeper, preview=delivery.previewed):
                interrupt.listen()
                progress.follow(event)
                if viewer is not None:
                    viewer.follow(event)
                told.follow(event, progress)
                if interrupt.asked and not told.between:  # what is drawn is kept first
                    raise KeyboardInterrupt
        told.sheet_is(told.sheet.keep(keeper.folder, keeper.kind))
    return 0


@dataclass
class Told:
    """What is said about a grid while it is drawn; `between` while a picture is drawn and not kept yet."""

    drawing: GridPlan
    delivery: Delivery
    given_seed: bool
    between: bool = False
    reused: int = 0
    kept: int = 0
    seconds: float = 0.0
    sheet: GridSheet = field(init=False)

    def __post_init__(self) -> None:
        from sdplay.jobs.grid_sheet import GridSheet

        self.sheet = GridSheet(self.drawing)

    @property
    def total(self) -> int:
        return len(self.drawing.slots)

    def plan(self) -> None:
        sizes = " x ".join(str(len(axis.values)) for axis in self.drawing.axes)
        names = ", ".join(axis.name for axis in self.drawing.axes)
        self._say(f"a grid of {sizes} cells ({names}): {self.total} different pictures")

    def follow(self, event: Event, progress: Progress) -> None:
        from sdplay.events import Finished, ImageDone, ImageSaved, Mismatch, Reused, Started

        self.sheet.follow(event)
        self.between = isinstance(event, ImageDone)
        with progress.aside() if isinstance(event, ImageSaved | Reused | Mismatch | Started) else nothing():
            if isinstance(event, ImageSaved | Reused):
                self.kept += 1
                self.reused += isinstance(event, Reused)
                click.echo(self._line(event.artifact, reused=isinstance(event, Reused)))
            elif isinstance(event, Mismatch):
                self._say(f"{event.path} was changed since it was drawn; it is left alone, and drawn anew")
            elif isinstance(event, Started) and self.reused:
                self._say(self._there())
        if isinstance(event, Finished):
            self.seconds = event.seconds

    def sheet_is(self, path: Path) -> None:
        """The sheet is at `path`: say so, and show it where the terminal can."""
        recipe = self.drawing.cells[0].settled.recipe
        click.echo(json.dumps({"sheet": str(path)}) if self.delivery.as_json else str(path))
        if self.delivery.show is not False and not self.delivery.quiet and not self.delivery.as_json:
            self._show()
        new = self.total - self.reused
        there = f"; {self._there()}" if self.reused else ""
        seed = "" if self.given_seed else f"; --seed {recipe.seed} finds them again"
        pictures = "1 picture was" if new == 1 else f"{new} pictures were"
        self._say(f"{pictures} drawn in {self.seconds:.1f} s{there}; the sheet is {path}{seed}")

    @contextmanager
    def on_failure(self) -> Iterator[None]:
        """Say what is kept when the rest cannot be drawn; Ctrl-C becomes `Stopped`."""
        kept = "{} of {} pictures are kept in {}"
        try:
            yield
        except KeyboardInterrupt:
            told = kept.format(self.kept, self.total, self.delivery.out)
            raise Stopped(f"stopped; {told}", hint=self._how_to_go_on()) from None
        except SdplayError:
            if self.kept:
                click.echo(kept.format(self.kept, self.total, self.delivery.out), err=True)
            raise

    def _how_to_go_on(self) -> str:
        if not self.kept:
            return ""
        seed = "" if self.given_seed else f" with --seed {self.drawing.cells[0].settled.recipe.seed}"
        return f"to go on, run the same command again{seed}: what is there is not drawn twice"

    def _there(self) -> str:
        were = "was" if self.total == 1 else "were"
        return f"{self.reused} of {self.total} pictures {were} there already"

    def _line(self, artifact: SavedImage, *, reused: bool) -> str:
        if not self.delivery.as_json:
            return str(artifact.path)
        from sdplay.cli.deliver import as_json

        said: dict[str, Any] = json.loads(as_json(artifact))
        return json.dumps(said | {"reused": reused})

    def _say(self, text: str) -> None:
        if not self.delivery.quiet:
            click.echo(text, err=True)

    def _show(self) -> None:
        from sdplay.cli.terminal import drawn, protocol_of

        if not sys.stdout.isatty():
            return
        protocol = protocol_of(os.environ, forced=self.delivery.show is True)
        if protocol is not None:
            sys.stdout.write(drawn(self.sheet.sheet.image, protocol, shutil.get_terminal_size().columns))
            sys.stdout.flush()


@contextmanager
def nothing() -> Iterator[None]:
    yield
