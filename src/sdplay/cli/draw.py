"""`sdplay txt2img`, and every other mode: from flags to requests, and on to reports that are followed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.aliases import with_usual_hires
from sdplay.cli.batch import draw_all
from sdplay.cli.cluster import cluster_executor, cluster_flags
from sdplay.cli.deliver import delivery_from, delivery_options
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.follow import follow
from sdplay.cli.prompts import prompt_options, prompts_in
from sdplay.cli.request_command import Flag, ModeCommand, prepare_flag
from sdplay.cli.warm import executor_of_service
from sdplay.core.errors import UnknownName

if TYPE_CHECKING:
    from sdplay.library.library import Library
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio
    from sdplay.tasks import Executor

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
        return [
            *prompt_options(),
            *flags,
            *grid_options(),
            *delivery_options(for_new=True),
            prepare_flag(),
            *cluster_flags(),
        ]

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
            texts, fields = prompts_in(self.kind, params), request_fields(self.kind, params)
            asked = requests_for(self.kind, texts, fields)
            note_batch(asked[0])
            axes, limit, delivery = params.pop("axes"), params.pop("grid_limit"), delivery_from(params)
            if delivery.name is None and "image" in fields and Path(fields["image"]).is_dir() and not axes:
                delivery = replace(delivery, name=as_the_images(asked))
            with open_studio() as studio:
                if params["prepare"]:
                    from sdplay.cli.prepare import prepare

                    return prepare(studio, asked, axes, limit, delivery)
                if axes:
                    from sdplay.cli.grid import grid_report

                    follow(grid_report(studio, asked, axes, limit, delivery))
                    return 0
                return draw_all(studio, asked, delivery)


def as_the_images(asked: Sequence[AnyStill]) -> str:
    """What pictures drawn from a folder are called: as the files there, with the seed where one gives several."""
    several = len(asked) > len({getattr(each, "image", None) for each in asked}) or asked[0].num > 1
    return "[image]-[seed]" if several else "[image]"


def note_batch(request: AnyStill) -> None:
    """Say that a batch is a matter of speed: elsewhere it is how many pictures are drawn."""
    size = request.run.batch_size or 1
    if size > request.num:
        click.echo(f"note: --batch-size {size} draws so many at a time; how many is --num: {request.num}", err=True)


def open_studio(workers: int = 1, library: Library | None = None) -> Studio:
    """A studio with the executor that this command draws with: a cluster, if its flags say so; the service, if one
    runs; else this process, or as many others as `workers` says if that is more than one. With SDPLAY_EXECUTOR=fake it
    only pretends to draw.

    `library` is where it looks for models (that of the environment if left out).
    """
    from sdplay.jobs.resolve import in_this_process
    from sdplay.studio import Studio

    on_cluster = cluster_executor(pretending if only_pretends() else None, workers)
    if on_cluster is not None:
        return Studio(on_cluster(), library=library)
    inside = executor_here(workers)
    executor = executor_of_service(inside, workers)
    if executor is None and inside is not in_this_process:
        executor = inside()
    return Studio(executor, library=library)


def executor_here(workers: int) -> Callable[[], Executor]:
    """What makes the executor of a command if no service draws for it."""
    from sdplay.jobs.resolve import in_this_process

    if only_pretends():
        return pretending
    if workers > 1:
        from sdplay.executors.processes import ProcessExecutor

        return partial(ProcessExecutor, workers)
    return in_this_process


def pretending() -> Executor:
    from sdplay.executors.fake import FakeExecutor

    return FakeExecutor()


def only_pretends() -> bool:
    """Whether the environment says that nothing is really drawn; raises `UnknownName` for what it cannot say."""
    asked = os.environ.get(EXECUTOR_VARIABLE, "inline")
    if asked not in {"inline", "fake"}:
        raise UnknownName(EXECUTOR_VARIABLE, asked, ["inline", "fake"])
    return asked == "fake"


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
