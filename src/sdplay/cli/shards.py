"""`sdplay draw-units` and `sdplay join`: one job, drawn by any number of processes that share its folder."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.draw import open_studio
from sdplay.cli.film import JOB
from sdplay.cli.follow import Report, follow
from sdplay.cli.models import PICKLE, library_with
from sdplay.cli.param_types import Finite, Share, UnitRange
from sdplay.cli.progress import Progress
from sdplay.cli.warm import drawn_by_service
from sdplay.core.errors import SdplayError, Stopped
from sdplay.files.claims import LEASE

if TYPE_CHECKING:
    from sdplay.events import Event
    from sdplay.jobs.shards.jobs import Asked, Terms
    from sdplay.studio import Studio

UNITS_HELP = "Which units: 3, 0-99, 7- or 3,7-9 (default: all that are free)."
AUDIT_HELP = "Draw this share of what others drew again, and compare: 5% or 0.05."
MOVED = "Where the model of the job is now, if it was moved."


@click.command("draw-units")
@click.argument("job", type=JOB)
@click.option("--units", "asked", type=UnitRange(), metavar="A-B", help=UNITS_HELP)
@click.option("--list", "only_list", is_flag=True, help="Print the units and how far they are, and draw nothing.")
@click.option("--worker", default="", metavar="NAME", help="What this worker is called (default: the machine's name).")
@click.option("--audit", type=Share(), default=0.0, metavar="SHARE", help=AUDIT_HELP)
@click.option("--mixed", is_flag=True, help="Draw even where the first worker had other versions or another processor.")
@click.option("--no-wait", is_flag=True, help="End when nothing is free, and do not wait for what others draw.")
@click.option("--lease", type=Finite(min=1), default=LEASE, help="Seconds of silence that make one dead.")
@click.option("--model", help=MOVED)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what is wrong.")
@PICKLE
@drawn_by_service
def draw_units(
    job: Path,
    asked: Asked | None,
    only_list: bool,
    worker: str,
    audit: float,
    mixed: bool,
    no_wait: bool,
    lease: float,
    model: str | None,
    quiet: bool,
    allow_pickle: bool,
) -> int:
    """Draw units of a job that many machines share.

    --prepare makes the job: `sdplay dream … --out JOB --prepare`. Then run this as often as you like, at once and on
    any machine that sees the folder: each takes units that nobody draws, and those of a process that died. `sdplay
    join JOB` makes the film of them, with the bytes that one machine alone would have given it.
    """
    from sdplay.jobs.shards.jobs import Terms

    with open_studio(library=library_with(allow_pickle)) as studio:
        if only_list:
            return list_units(studio, job, asked, model)
        terms = Terms(worker=worker, audit=audit, mixed=mixed, wait=not no_wait, lease=lease)
        follow(UnitReport(studio, job, asked, terms, model, quiet=quiet))
    return 0


def list_units(studio: Studio, job: Path, asked: Asked | None, model: str | None) -> int:
    """Print a line for each unit: its number, first and last frame or picture, how far it is, and who draws it."""
    for each in studio.shards.states(job, asked, model):
        unit = each.unit
        click.echo("\t".join((str(unit.number), f"{unit.first}-{unit.stop - 1}", each.state, each.holder)).rstrip())
    return 0


class UnitReport(Report):
    """What is said while units are drawn."""

    def __init__(
        self, studio: Studio, job: Path, asked: Asked | None, terms: Terms, model: str | None, *, quiet: bool
    ) -> None:
        self.studio, self.job, self.asked, self.terms, self.model, self.quiet = studio, job, asked, terms, model, quiet
        self.progress = Progress()
        self.drawn, self.again, self.waiting = 0, f"sdplay draw-units {shlex.quote(str(job))}", False

    def events(self) -> Generator[Event, None, None]:
        return self.studio.shards.draw(self.job, self.asked, self.terms, self.model)

    def tell(self, event: Event) -> None:
        from sdplay.events import PieceChecked, Retried, UnitDrawn, Waiting, WorkerBanned

        if isinstance(event, UnitDrawn):
            self.drawn, self.waiting = self.drawn + 1, False
            self.say(f"unit {event.number} in {event.seconds:.1f} s; {event.done} of {event.total} units are drawn")
        elif isinstance(event, Waiting) and not self.waiting:
            self.waiting = True
            self.say("nothing is free; waiting for what others draw (--no-wait does not)")
        elif isinstance(event, PieceChecked):
            verdict = "the same" if event.same else "something else: a third worker must draw it too"
            self.say(f"unit {event.unit}, drawn by {event.of}: checked, {verdict}")
        elif isinstance(event, WorkerBanned):
            self.say(f"{event.name} drew something else than others: it gets no more, and its units are drawn again")
        elif isinstance(event, Retried):
            self.say(f"note: frame or picture {event.index}: {event.how}")

    def done(self) -> None:
        self.say(f"{self.drawn} units were drawn here; when all are, `sdplay join {shlex.quote(str(self.job))}`")

    def stopped(self) -> Stopped:
        return Stopped(f"stopped; {self.drawn} units that were drawn here are kept", hint=f"to go on: {self.again}")

    def failed(self, error: SdplayError) -> None:
        error.hint = error.hint.replace("sdplay resume", "sdplay draw-units")


@click.command()
@click.argument("job", type=JOB)
@click.option("--audit", type=Share(), default=0.0, metavar="SHARE", help="Refuse what was not drawn twice so often.")
@click.option("--model", help=MOVED)
@click.option("-q", "--quiet", is_flag=True, help="Print the paths of what was made and nothing else.")
@PICKLE
def join(job: Path, audit: float, model: str | None, quiet: bool, allow_pickle: bool) -> int:
    """Make a film, or pictures, of units that were drawn by `sdplay draw-units`.

    Every unit is checked by its sha256 first. Nothing is drawn: units that lack or are damaged are named, with the
    command that draws them, and the exit code is 1.
    """
    from sdplay.studio import Studio

    with Studio(library=library_with(allow_pickle)) as studio:
        follow(JoinReport(studio, job, audit, model, quiet=quiet))
    return 0


class JoinReport(Report):
    """What is said while a job is joined."""

    def __init__(self, studio: Studio, job: Path, audit: float, model: str | None, *, quiet: bool) -> None:
        self.studio, self.job, self.audit, self.model, self.quiet = studio, job, audit, model, quiet
        self.progress = Progress()

    def events(self) -> Generator[Event, None, None]:
        return self.studio.shards.join(self.job, self.audit, self.model)

    def tell(self, event: Event) -> None:
        from sdplay.events import FilmSaved, ImageSaved, Resumed, WorkerBanned

        if isinstance(event, FilmSaved):
            self.deliver(str(event.path))
            self.say(f"{event.frames} frames" if event.anew else "nothing to do: the film is there")
        elif isinstance(event, ImageSaved):
            self.deliver(str(event.artifact.path))
        elif isinstance(event, Resumed):
            self.say(f"all {event.total} frames are there and whole; writing the film")
        elif isinstance(event, WorkerBanned):
            self.say(f"{event.name} drew something else than others: its units are put aside")

    def stopped(self) -> Stopped:
        return Stopped("stopped; all units are kept", hint=f"to go on: sdplay join {shlex.quote(str(self.job))}")
