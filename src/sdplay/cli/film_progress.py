"""How far a film is: frames and the step of the one being drawn in a terminal, a line a unit elsewhere."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sdplay.cli.progress import BAR_WIDTH, LiveProgress, Progress, in_terminal
from sdplay.cli.terminal import duration
from sdplay.core.values import counted
from sdplay.events import Event, FilmSaved, FramesSaved, Measuring, Resumed, Retried, Started, Stepped

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdplay.film.job.job import FilmJob


class FilmProgress(Progress):
    """Follows one film; `kept` frames are safe. This one says nothing."""

    def __init__(self, job: FilmJob) -> None:
        self.job, self.total = job, job.plan.total
        self.kept, self.left, self.phase = 0, "", "loading the model …"
        self.step: Stepped | None = None
        asked = job.recipe.request
        self.unit_name = "pass" if getattr(asked, "of_clip", True) else "key"
        self.pace = ""  # of the newest unit

    def follow(self, event: Event) -> None:
        if isinstance(event, Resumed | FramesSaved):
            self.kept, self.total = event.done, event.total
        if isinstance(event, FramesSaved):
            self.left = f"{duration(event.seconds_left)} to go" if event.done < event.total else ""
            self.pace = f", {event.seconds:.1f} s a {self.unit_name}" if event.seconds else ""
            self.phase = "writing the film …" if event.done == event.total else self.phase
        elif isinstance(event, Stepped):
            self.step, self.phase = event, ""
        elif isinstance(event, Measuring):
            self.phase = f"measuring the pace, sketch {event.done} of {event.total} …"
        elif isinstance(event, Started | FilmSaved):
            self.phase = ""


class FilmLines(FilmProgress):
    """A line on stderr when it begins, for every tenth of the film, and for whatever had to be mended."""

    def __init__(self, job: FilmJob) -> None:
        super().__init__(job)
        self._told, self._measuring = -1, 0

    def follow(self, event: Event) -> None:
        super().follow(event)
        if isinstance(event, Resumed):
            for line in beginning(self.job, event):
                click.echo(line, err=True)
        elif isinstance(event, Measuring) and self._measuring != event.total:
            self._measuring = event.total
            click.echo(f"measuring the pace, in {event.total} sketches …", err=True)
        elif isinstance(event, FramesSaved) and event.done * 10 // event.total > self._told:
            self._told = event.done * 10 // event.total
            click.echo(f"{event.done}/{event.total} frames{', about ' + self.left if self.left else ''}", err=True)
        elif isinstance(event, Retried):
            click.echo(f"frame {event.index} came out bad: {event.how}", err=True)
        elif isinstance(event, FilmSaved):
            click.echo(closing_line(self.job, event), err=True)


class FilmBar(FilmProgress, LiveProgress):
    """Live lines on stdout, which is a terminal."""

    def __init__(self, job: FilmJob) -> None:
        FilmProgress.__init__(self, job)
        LiveProgress.__init__(self)

    def follow(self, event: Event) -> None:
        super().follow(event)
        if isinstance(event, Resumed):
            for line in beginning(self.job, event):
                self.console.print(line, style="dim", highlight=False)
        elif isinstance(event, Retried):
            self.console.print(f"frame {event.index} came out bad: {event.how}", highlight=False)
        elif isinstance(event, FilmSaved):
            self.hide()
            click.echo(closing_line(self.job, event), err=True)

    def view(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        frames = ProgressBar(total=self.total, completed=self.kept, width=BAR_WIDTH)
        table.add_row("frames", frames, f"{self.kept}/{self.total}", Text(self.left or self.phase, style="dim"))
        if self.step is not None and not self.phase:
            steps = ProgressBar(total=self.step.steps, completed=self.step.step, width=BAR_WIDTH)
            key = self.step.indices[0] // self.job.plan.segment_length + 1
            drawn = f"frame {self.step.indices[0]}, {self.unit_name} {key}/{self.job.plan.segment_count}{self.pace}"
            table.add_row("step", steps, f"{self.step.step}/{self.step.steps}", Text(drawn, style="dim"))
        return table


def beginning(job: FilmJob, event: Resumed) -> Iterator[str]:
    """A line for each damaged file, what is about to be made, and what a part of it starts from."""
    for name in event.damaged:
        redrawn = "its frames are drawn again" if job.frames is None else "where asked for, its frames are drawn again"
        yield f"note: {name} is damaged or missing; {redrawn}"
    yield opening(job, event.done)
    if event.before:
        yield (
            f"{event.before} frames before them are drawn too, which they start from: so they have the bits that they "
            "have in the whole film"
        )


def opening(job: FilmJob, done: int) -> str:
    """What is about to be made, in one line."""
    from sdplay.film.part import frames_text
    from sdplay.film.plan import guidance_text

    recipe, plan, part = job.recipe, job.plan, job.frames
    going_on = f", {done} of them there already" if done and part is None else ""
    frames = counted(plan.total, "frame") if part is None else f"frames {frames_text(part)} of {plan.total}"
    return (
        f"{recipe.request.mode}: {frames} of {recipe.width}x{recipe.height}{going_on}, with "
        f"{recipe.model.name}, {counted(recipe.steps, 'step')}, {recipe.sampler}, guidance {guidance_text(plan)}, "
        f"seed {recipe.seed}, in {job.folder.path}"
    )


def closing_line(job: FilmJob, filmed: FilmSaved) -> str:
    rate = job.encoder.output.rate
    if not filmed.anew:
        return f"nothing to do: all {job.plan.total} frames are there, and the film too"
    rest = f"; the whole film: sdplay resume {shlex.quote(str(job.folder.path))}" if job.frames is not None else ""
    frames = counted(filmed.frames, "frame")
    return f"{frames}, {float(filmed.frames / rate):.1f} s at {float(rate):g} frames a second{rest}"


def film_progress(job: FilmJob, *, quiet: bool) -> FilmProgress:
    """The progress that suits where the output goes."""
    if quiet:
        return FilmProgress(job)
    return FilmBar(job) if in_terminal() else FilmLines(job)
