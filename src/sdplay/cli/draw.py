"""`sdplay txt2img`, and every other mode: from flags to requests, and on to reports that are followed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.aliases import with_usual_hires
from sdplay.cli.deliver import MOST_SHOWN, Delivery, PictureReport, delivery_from, delivery_options
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.follow import follow
from sdplay.cli.outcome import FAILED, reason
from sdplay.cli.request_command import Flag, ModeCommand
from sdplay.core.errors import BadRequest, Stopped, UnknownName
from sdplay.files.regular import LARGEST_TEXT, read_regular_text

if TYPE_CHECKING:
    from sdplay.library.library import Library
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio

PROMPTS_FROM = "--prompts-from"
FILE_FIELDS = ("image", "mask")  # an error in one of these may be the fault of one file among many
OPENED_BY_SHELL = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")  # a pipe that somebody writes into
EXECUTOR_VARIABLE = "SDPLAY_EXECUTOR"  # "fake" pretends to draw, without a model: to test this command line
EPILOG = "Any seed: --seed -1. Environment variables set flags too: SDPLAY_STEPS=30 for --steps 30."

GRID = "--grid"
AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_/ -]{0,40}=")
AXIS_HELP = (
    'Draw a labelled sheet of every combination: --grid "steps=10,20,30" "guidance=3,5,7". Up to three fields; '
    'numbers also as 1-5, 1-10 (+3) or 1-10 [4]; of texts, "prompt=castle|house" puts house in the place of castle. '
    "Pictures that are in the folder already are not drawn again."
)


class DrawCommand(ModeCommand):
    """Draws in one mode."""

    def __init__(self, mode: str, summary: str, example: str) -> None:
        super().__init__(mode, summary, example, EPILOG)

    @property
    def kind(self) -> type[AnyStill]:
        from sdplay.requests.request import STILLS

        return STILLS[self._mode]

    def own_params(self) -> list[click.Parameter]:
        flags = request_options(self.kind, positional="prompt", for_new=True)
        prompt = click.Argument(["prompt"], required=False)
        return [prompt, prompts_option(), *flags, *grid_options(), *delivery_options(for_new=True)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, one_flag_each(with_usual_hires(args)))
        except click.UsageError as error:
            if "unexpected extra argument" in error.message:
                raise click.UsageError(error.message.rstrip(".") + "; put the whole prompt in quotes", ctx) from None
            raise

    def run(self, **params: Any) -> int:
        from sdplay.jobs.pictures import requests_for

        with in_the_words_of(click.get_current_context()):
            texts = prompts(params.pop("prompt"), params.pop("prompts_from"))
            asked = requests_for(self.kind, texts, request_fields(self.kind, params))
            note_batch(asked[0])
            axes, limit, delivery = params.pop("axes"), params.pop("grid_limit"), delivery_from(params)
            with open_studio() as studio:
                if axes:
                    from sdplay.cli.grid import grid_report

                    follow(grid_report(studio, asked, axes, limit, delivery))
                    return 0
                done = 0
                try:
                    for report in picture_reports(studio, asked, delivery):
                        follow(report)
                        done += 1
                except Stopped as error:
                    if len(asked) > 1:  # its hint, how to go on, is about one request
                        raise Stopped(f"{error.reason}; {done} of {len(asked)} requests were done") from None
                    raise
                if done < len(asked):
                    click.echo(f"{len(asked) - done} of {len(asked)} requests could not be drawn", err=True)
                return 0 if done == len(asked) else FAILED


def note_batch(request: AnyStill) -> None:
    """Say that a batch is a matter of speed: elsewhere it is how many pictures are drawn."""
    size = request.run.batch_size or 1
    if size > request.num:
        click.echo(f"note: --batch-size {size} draws so many at a time; how many is --num: {request.num}", err=True)


def open_studio(workers: int = 1, library: Library | None = None) -> Studio:
    """A studio that draws in this process, in `workers` others, or only pretends to where the environment says so.

    `library` is where it looks for models, those of the environment when left out.
    """
    from sdplay.studio import Studio

    asked = os.environ.get(EXECUTOR_VARIABLE, "inline")
    if asked not in {"inline", "fake"}:
        raise UnknownName(EXECUTOR_VARIABLE, asked, ["inline", "fake"])
    if asked == "inline":
        if workers > 1:
            from sdplay.executors.processes import LocalExecutor

            return Studio(LocalExecutor(workers), library=library)
        return Studio(library=library)
    from sdplay.executors.fake import FakeExecutor

    return Studio(FakeExecutor(), library=library)


def prompts_option() -> click.Option:
    help_text = "File with a prompt on each line, drawn one after the other; empty lines and # comments are skipped."
    return Flag(
        [PROMPTS_FROM], group="basics", basic=True, type=click.Path(path_type=Path), metavar="FILE", help=help_text
    )


def prompts(typed: str | None, file: Path | None) -> list[str]:
    """What to draw: the prompt that was typed, or each line of `file`; raises `BadRequest` for an unreadable one."""
    if (typed is None) == (file is None):
        both = "a prompt was typed as well" if file is not None else "missing argument 'PROMPT'"
        raise click.UsageError(f"{both}: say what to draw, or give {PROMPTS_FROM} FILE", click.get_current_context())
    if typed is not None or file is None:
        return [str(typed)]
    try:
        lines = [line.strip() for line in read_prompts(file).splitlines()]
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {said_of(error)}"
        raise BadRequest(why, field=PROMPTS_FROM, value=str(file), hint="a text file in UTF-8") from None
    prompts_in_file = [line for line in lines if line and not line.startswith("#")]
    if not prompts_in_file:
        raise BadRequest("holds no prompt", field=PROMPTS_FROM, value=str(file), hint="write one on each line")
    return prompts_in_file


def read_prompts(file: Path) -> str:
    """The text of a file, of stdin ("-"), or of a pipe that the shell opened for this command (`<(…)`)."""
    if str(file) == "-" or str(file).startswith(OPENED_BY_SHELL):
        with open(0 if str(file) == "-" else file, "rb", closefd=str(file) != "-") as pipe:
            return pipe.read(LARGEST_TEXT).decode("utf-8-sig")
    return read_regular_text(file)


def said_of(error: OSError | ValueError) -> str:
    """What is wrong, without the path and the number of the error."""
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)


def picture_reports(studio: Studio, asked: list[AnyStill], delivery: Delivery) -> Iterator[PictureReport]:
    """A report for each request, resolved when its turn comes; one whose picture cannot be used is skipped.

    A single request raises its error instead, and so does everything that is not the fault of one file.
    """
    from sdplay.requests.recipe import count

    if sum(request.num for request in asked) > MOST_SHOWN and delivery.show is None:
        delivery = replace(delivery, show=False)
    for request in asked:
        try:
            with in_the_words_of(click.get_current_context()):
                resolved = studio.resolve(request)
        except BadRequest as error:
            if len(asked) == 1 or not any(error.value == getattr(request, role, None) for role in FILE_FIELDS):
                raise
            click.echo(f"skipped: {reason(error)}", err=True)
        else:
            yield PictureReport(studio, resolved, range(count(resolved.recipe)), delivery)


def grid_options() -> list[click.Parameter]:
    limit = click.IntRange(min=1)
    return [
        Flag([GRID, "axes"], group="grid", multiple=True, metavar="AXIS...", help=AXIS_HELP),
        Flag(["--grid-limit"], group="grid", type=limit, metavar="N", help="Let a grid have so many pictures (1000)."),
    ]


def one_flag_each(args: Sequence[str]) -> list[str]:
    """`--grid A B` as `--grid A --grid B`: click gives a flag one value, and people write several."""
    spelled, taking = list[str](), False
    for number, arg in enumerate(args):
        if arg == "--":
            return [*spelled, *args[number:]]
        value = spelled[-1:] == [GRID]
        if not value and taking and AXIS.match(arg):
            spelled.append(GRID)
        elif not value:
            taking = arg == GRID or arg.startswith(f"{GRID}=")
        spelled.append(arg)
    return spelled


txt2img = DrawCommand("txt2img", "Draw pictures from words.", 'sdplay txt2img "a red apple, 3d render" -n 4 --seed 7')
img2img = DrawCommand(
    "img2img", "Draw from words and a picture.", 'sdplay img2img "an icon of a cat" --image photo.jpg'
)
inpaint = DrawCommand("inpaint", "Redraw a part of a picture.", 'sdplay inpaint "a hat" --image a.png --mask m.png')
