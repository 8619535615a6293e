"""`sdplay plan dream` and `sdplay plan animate`: a film frame by frame, before a model is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.draw import DrawCommand, open_studio
from sdplay.cli.film import JOB, POSITIONAL, FilmCommand, film_request
from sdplay.cli.flags import as_flags, in_the_words_of, request_fields
from sdplay.cli.frame_range import FrameRange
from sdplay.cli.prompts import prompts_in
from sdplay.cli.request_command import Flag
from sdplay.cli.terminal import printable, table
from sdplay.core.values import counted

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm, Cost, FilmPlan
    from sdplay.studio import ResolvedRequest


MOST_ROWS = 100  # in a terminal, unless --every or --range asks for others


class PlanCommand(FilmCommand):
    """Plans a film in one mode; its flags are those that make the film."""

    def own_params(self) -> list[click.Parameter]:
        to_draw = [param for param in super().own_params() if param.name not in ("frames", "prepare")]
        return [*to_draw, *plan_options(self._mode)]

    def run(self, **params: Any) -> int:
        with in_the_words_of(click.get_current_context()):
            request = film_request(self.kind, POSITIONAL[self._mode], params)
            resolved, plan = planned(request, params["out"])
            if params.get("preview_motion") is not None:
                from sdplay.film.render.preview_motion import preview_motion

                click.echo(str(preview_motion(resolved.recipe, params["preview_motion"])))
                return 0
            return tell(request, resolved, plan, params)


def plan_options(mode: str) -> list[click.Parameter]:
    file = click.Path(path_type=Path)
    options: list[click.Parameter] = [
        Flag(["--csv"], basic=True, type=file, metavar="FILE|-", help="Write the table as CSV."),
        Flag(
            ["--json"], basic=True, type=file, metavar="FILE|-", help="Write the table, and what the film is, as JSON."
        ),
        Flag(["--every"], basic=True, type=click.IntRange(min=1), help="A row for every n-th frame."),
        Flag(
            ["--range", "--frames", "frames"],
            basic=True,
            type=FrameRange(open_ended=True),
            metavar="A:B",
            help="Rows for the frames A to B.",
        ),
    ]
    if mode == "animate":
        says = "Write the moves of the camera alone, on a test card or init_image, as a film."
        options.append(Flag(["--preview-motion"], type=JOB, metavar="FILE", help=says))
    return options


def planned(request: AnyFilm, out: Path | None) -> tuple[ResolvedRequest, FilmPlan]:
    """`request` resolved and planned, with the seed of the job in `out` if it would resume that one."""
    from sdplay.executors.fake import FakeExecutor
    from sdplay.film.job.builder import as_before
    from sdplay.studio import Studio

    with Studio(FakeExecutor()) as studio:  # the plan is the same on every machine, and asking torch takes seconds
        return studio.plan(as_before(request, out) if out is not None else request)


def tell(request: AnyFilm, resolved: ResolvedRequest, plan: FilmPlan, params: dict[str, Any]) -> int:
    """Write the rows where they are wanted, and then what the film costs."""
    from sdplay.cli.plan_rows import STDOUT, destinations, in_terminal
    from sdplay.film.plan import Cost, count_rows, film_table

    cost, rows, paths = Cost(), film_table(plan), {kind: params[kind] for kind in ("csv", "json")}
    to_file = any(path is not None for path in paths.values())
    asked = params["every"] is not None or params["frames"] is not None or to_file
    thinned = math.ceil(plan.total / MOST_ROWS) if not asked and in_terminal() else 1
    every = params["every"] or thinned
    with destinations(rows.columns, paths, quiet=params["quiet"]) as places:
        for row in count_rows(rows, resolved.recipe, cost, wanted(every, params["frames"])):
            for place in places:
                place.add(row)
        facts = Facts(request=request, resolved=resolved, plan=plan, cost=cost, thinned=thinned, out=params["out"])
        for place in places:
            place.end(facts.as_json())
    click.echo(table(facts.lines()), err=STDOUT in paths.values())
    return 0


def wanted(every: int, frames: tuple[int, int | None] | None) -> Callable[[int], bool]:
    first, last = frames if frames is not None else (0, None)
    return lambda index: first <= index and (last is None or index <= last) and (index - first) % every == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to say about a film as a whole."""

    request: AnyFilm
    resolved: ResolvedRequest
    plan: FilmPlan
    cost: Cost
    thinned: int
    out: Path | None

    def as_json(self) -> dict[str, Any]:
        from sdplay.film.job.builder import film_warnings

        recipe, cost = self.resolved.recipe, self.cost
        return {
            "mode": recipe.request.mode,
            "width": recipe.width,
            "height": recipe.height,
            "seed": recipe.seed,
            "frames": cost.frames,
            "keys": cost.keys,
            "cuts": cost.cuts,
            "drawn": cost.drawn,
            "network_calls": cost.calls,
            "disk_bytes": round(self._bytes()),
            "warnings": [warning.message for warning in film_warnings(self.plan)],
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        from sdplay.files.atomic import size_text
        from sdplay.film.job.description import film_rate
        from sdplay.film.plan import LISTED, guidance_text

        recipe, cost = self.resolved.recipe, self.cost
        rate = film_rate(recipe.request)
        yield (
            "film",
            (
                f"{recipe.request.mode}, {counted(cost.frames, 'frame')} of {recipe.width}x{recipe.height}, "
                f"seed {recipe.seed}"
            ),
        )
        yield "length", f"{float(cost.frames / rate):.2f} s at {float(rate):g} frames a second"
        yield (
            "model",
            (
                f"{recipe.model.name}, {counted(recipe.steps, 'step')}, {recipe.sampler} {recipe.schedule}, "
                f"guidance {guidance_text(self.plan)}"
            ),
        )
        for name, count, first in (("keys", cost.keys, cost.first_keys), ("cuts", cost.cuts, cost.first_cuts)):
            more = ", …" if count > LISTED else ""
            yield name, f"{count}: {', '.join(map(str, first))}{more}" if count else "none"
        yield "cost", f"{cost.drawn} of {cost.frames} frames are drawn, in {cost.calls:,} passes through the network"
        yield "disk", f"about {size_text(self._bytes())}"
        yield from self._time()
        for note in self._notes():
            yield "note", note

    def _bytes(self) -> float:
        from sdplay.files.atomic import usual_bytes
        from sdplay.film.job.builder import frame_size

        return usual_bytes(self.plan.total + self.plan.segment_count, *frame_size(self.resolved.recipe))

    def _time(self) -> Iterator[tuple[str, str]]:
        """How long the rest takes, where the job that is begun already says how long its frames took."""
        from sdplay.cli.terminal import duration
        from sdplay.film.job.folder import JobFolder
        from sdplay.film.job.verify import progress_of

        if self.out is None or not (self.out / "job.json").exists():
            return
        done = progress_of(JobFolder.open(self.out))
        if done.frames:
            remaining, pace = max(self.cost.frames - done.frames, 0), done.seconds / done.frames
            as_before = f"{pace:.2f} s a frame, as the {done.frames} that are in {self.out} took"
            yield "time", f"about {duration(remaining * pace)} for {remaining} frames, at {as_before}"

    def _notes(self) -> Iterator[str]:
        from sdplay.film.job.builder import film_warnings

        yield from (as_flags(warning.message) for warning in (*self.resolved.warnings, *film_warnings(self.plan)))
        if self.request.seed is None and not getattr(self.request, "seeds", ()):
            yield f"no seed was asked for; this film is made with --seed {self.resolved.recipe.seed}"
        if self.thinned > 1:
            yield f"every {self.thinned}th frame is shown; --every 1 shows all"


class PlanStillCommand(DrawCommand):
    """Plans pictures in one mode; its flags are those that draw them."""

    def own_params(self) -> list[click.Parameter]:
        return [param for param in super().own_params() if param.name != "prepare"]

    def run(self, **params: Any) -> int:
        from sdplay.jobs.pictures import requests_for

        with in_the_words_of(click.get_current_context()):
            texts = prompts_in(self.kind, params)
            asked = requests_for(self.kind, texts, request_fields(self.kind, params))
            with open_studio() as studio:
                for request in asked:
                    click.echo(table(facts(studio.resolve(request))))
        return 0


def facts(resolved: ResolvedRequest) -> Iterator[tuple[str, str]]:
    """What will be drawn, and the memory it takes, in rows of name and value."""
    from sdplay.cli.progress import plan_line
    from sdplay.core.values import amount_text
    from sdplay.jobs.resolve import memory_of, other_ways
    from sdplay.requests.recipe import count

    recipe, memory = resolved.recipe, memory_of(resolved)
    yield "prompt", printable(getattr(recipe.request, "prompt", ""))
    yield "picture", plan_line(recipe, range(count(recipe))).removeprefix("drawing ")
    yield from (("note", printable(as_flags(warning.message))) for warning in resolved.warnings)
    numerics = recipe.numerics
    yield "numbers", f"{numerics.engine} in {numerics.dtype} on {resolved.device}, VAE in {numerics.decode_dtype}"
    if memory is None:
        yield "memory", "unknown: the files do not say how large the model is"
        return
    yield "memory", str(memory).removeprefix("memory: ")
    if memory.free is not None:
        yield "free", amount_text(memory.free)
    for plan in other_ways(resolved):
        yield "less", f"{amount_text(plan.predicted)}: {', '.join(plan.steps)}"


plan = click.Group(
    "plan",
    help="Show what would be drawn: a film frame by frame, with all its schedules; of a picture, what memory it takes.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
plan.add_command(PlanCommand("dream", "Plan a dream.", 'sdplay plan dream "a red apple" "a green apple" --num 48'))
plan.add_command(PlanCommand("animate", "Plan an animation.", "sdplay plan animate --config film.toml --csv plan.csv"))
for mode in ("txt2img", "img2img", "inpaint"):
    plan.add_command(PlanStillCommand(mode, "Plan pictures.", f'sdplay plan {mode} "a red apple" --max-memory 4GiB'))
