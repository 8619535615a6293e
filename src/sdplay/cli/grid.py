"""`--grid`: one request with every combination of some values, drawn once each and laid out on a labelled sheet."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import Delivery, as_json, show, viewer_of
from sdplay.cli.follow import Report
from sdplay.cli.progress import progress_for, warning_lines
from sdplay.core.errors import BadRequest, SdplayError, Stopped
from sdplay.core.values import counted
from sdplay.events import Event, Finished, ImageDone, ImageSaved, Mismatch, Reused, Started
from sdplay.jobs.grid import grid_writer
from sdplay.jobs.grid_sheet import GridPlan, GridSheet

if TYPE_CHECKING:
    from sdplay.images.picture import SavedImage
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio


def grid_report(
    studio: Studio, asked: Sequence[AnyStill], axes: Sequence[str], limit: int | None, delivery: Delivery
) -> GridReport:
    """The report on the grid of the one request `asked`; raises `BadRequest` for several, and for a wrong axis."""
    plan = planned_grid(studio, asked, axes, limit, delivery)
    return GridReport(studio, plan, delivery, given_seed=asked[0].seed is not None)


def planned_grid(
    studio: Studio, asked: Sequence[AnyStill], axes: Sequence[str], limit: int | None, delivery: Delivery
) -> GridPlan:
    """The grid of the one request `asked`; raises as `grid_report`."""
    from sdplay.requests.grid import MOST_PICTURES

    if len(asked) > 1:
        reason = "a grid varies one request, and these are several"
        raise BadRequest(
            reason, field="--grid", value=len(asked), hint='write other prompts as an axis: "prompt=cat|dog"'
        )
    if delivery.name is not None:
        hint = "leave it out: what a grid finds in its folder it knows by the usual names"
        raise BadRequest("means nothing for a grid", field="name", value=delivery.name, hint=hint)
    return studio.grids.plan(asked[0], *axes, limit=limit if limit is not None else MOST_PICTURES)


class GridReport(Report):
    """What is said about a grid while it is drawn."""

    def __init__(self, studio: Studio, plan: GridPlan, delivery: Delivery, *, given_seed: bool) -> None:
        self.studio, self.plan, self.delivery, self.given_seed = studio, plan, delivery, given_seed
        self.progress, self.out, self.quiet = progress_for(quiet=delivery.quiet), delivery.out, delivery.quiet
        self.sheet = GridSheet(plan)
        self.reused, self.kept, self.seconds = 0, 0, 0.0
        self._viewer = viewer_of(delivery)

    def events(self) -> Generator[Event, None, None]:
        assert self.out is not None
        self._writer = grid_writer(self.out, self.delivery.format)
        sizes = " x ".join(str(len(axis.values)) for axis in self.plan.axes)
        names = ", ".join(axis.name for axis in self.plan.axes)
        self.say(f"a grid of {sizes} cells ({names}): {counted(self.total, 'different picture')}")
        for line in warning_lines(warning for cell in self.plan.cells for warning in cell.resolved.warnings):
            self.say(line)
        return self.studio.grids.run(self.plan, self._writer, preview=self.delivery.previewed)

    @property
    def seed(self) -> int:
        return self.plan.cells[0].resolved.recipe.seed

    @property
    def total(self) -> int:
        return len(self.plan.slots)

    def tell(self, event: Event) -> None:
        if self._viewer is not None:
            self._viewer.follow(event)
        self.sheet.follow(event)
        if isinstance(event, ImageSaved | Reused):
            self.kept += 1
            self.reused += isinstance(event, Reused)
            self.deliver(self._line(event.artifact, reused=isinstance(event, Reused)))
        elif isinstance(event, Mismatch):
            self.say(f"{event.path} was changed since it was drawn; it is left alone, and redrawn")
        elif isinstance(event, Started) and self.reused:
            self.say(self._there())
        elif isinstance(event, Finished):
            self.seconds = event.seconds

    def may_stop(self, event: Event) -> bool:
        return not isinstance(event, ImageDone)  # what is drawn is saved first

    def done(self) -> None:
        """Save the sheet, say where it is, and show it where the terminal can."""
        path = self.sheet.keep(self._writer.folder, self._writer.kind)
        click.echo(json.dumps({"sheet": str(path)}) if self.delivery.as_json else str(path))
        if self.delivery.show is not False and not self.delivery.quiet and not self.delivery.as_json:
            self._show()
        new = self.total - self.reused
        there = f"; {self._there()}" if self.reused else ""
        seed = "" if self.given_seed else f"; --seed {self.seed} finds them again"
        pictures = "1 picture was" if new == 1 else f"{new} pictures were"
        self.say(f"{pictures} drawn in {self.seconds:.1f} s{there}; the sheet is {path}{seed}")

    def stopped(self) -> Stopped:
        return Stopped(f"stopped; {self._kept()}", hint=self._how_to_go_on())

    def failed(self, error: SdplayError) -> None:
        if self.kept:
            click.echo(self._kept(), err=True)

    def _kept(self) -> str:
        return f"{self.kept} of {self.total} pictures are kept in {self.out}"

    def _how_to_go_on(self) -> str:
        if not self.kept:
            return ""
        seed = "" if self.given_seed else f" with --seed {self.seed}"
        return f"to go on, run the same command again{seed}: what is there is not drawn twice"

    def _there(self) -> str:
        were = "was" if self.total == 1 else "were"
        return f"{self.reused} of {self.total} pictures {were} there already"

    def _line(self, artifact: SavedImage, *, reused: bool) -> str:
        if not self.delivery.as_json:
            return str(artifact.path)
        facts: dict[str, Any] = json.loads(as_json(artifact))
        return json.dumps(facts | {"reused": reused})

    def _show(self) -> None:
        from sdplay.cli.terminal import protocol_of_stdout

        protocol = protocol_of_stdout(forced=self.delivery.show is True)
        if protocol is not None:
            show(self.sheet.sheet.image, protocol)
