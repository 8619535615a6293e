"""The plan of a film: its segments, the table of its frames, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from sdplay.core.errors import BadRequest, problems_of, together
from sdplay.core.sample import (
    AnyNoise,
    AnyPrompt,
    CircleNoise,
    FromFilm,
    LerpPrompt,
    Sample,
    Segment,
    SlerpNoise,
    SplineNoise,
)
from sdplay.core.warning import RequestWarning
from sdplay.film.plan_animate import AnimationPlan, frames_of
from sdplay.film.plan_dream import DreamPlan, check_room
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.schedules import RANGES, read_schedules, timeline_of
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import network_calls

AnyFilm = Dream | Animate
FILMS: dict[str, type[AnyFilm]] = {"dream": Dream, "animate": Animate}

Cell = int | float | str | None
Row = dict[str, Cell]
KEY, CUT = "key", "cut"
WORD_COLUMNS = ("prompt", "prompt_to", "prompt_weight", "negative_prompt")
# What a key is drawn with is said for keys, whether it varies or not.
OF_KEYS = ("strength_schedule", "seed_schedule", "steps_schedule")
LISTED = 12
# What schedules are read from, and with.
OF_SCHEDULES = {*RANGES, "animation_prompts", "negative_prompt", "prompt_interpolation", "keyframe_interpolation"} | {
    "animation_mode",
    "max_frames",
    "fps",
    "seed",
    "audio",
    "audio_start",
}


class FilmPlan(Protocol):
    """A film as segments: `total` frames in `segment_count` segments of `segment_length` frames, the last one cut.

    `content` is what its pixels depend on beside the settings that hold for the whole film, to be compared; `needs`
    are the key pictures, by frame, that a segment starts from; `chain` is the same number for segments that
    follow from each other; `warnings` are what a person should know beforehand.
    """

    @property
    def recipe(self) -> Recipe: ...
    @property
    def total(self) -> int: ...
    @property
    def segment_length(self) -> int: ...
    @property
    def segment_count(self) -> int: ...
    @property
    def warnings(self) -> tuple[RequestWarning, ...]: ...
    def segment(self, number: int) -> Segment: ...
    def content(self, segment: Segment) -> tuple[object, ...]: ...
    def needs(self, segment: Segment) -> tuple[int, ...]: ...
    def chain(self, number: int) -> int: ...


def film_plan(recipe: Recipe) -> FilmPlan:
    """The plan of a film; raises `BadRequest` and `BadRequests` for what is wrong with any frame of it."""
    return DreamPlan(recipe) if isinstance(recipe.request, Dream) else AnimationPlan(recipe)


def check_new(request: AnyFilm) -> None:
    """Raise `BadRequest` for what no new film may be, though one that was begun so by an earlier version is resumed."""
    if isinstance(request, Dream):
        check_room(request)


def guidance_range(plan: FilmPlan) -> tuple[float, float]:
    """The lowest and the highest guidance scale that the film's keys are drawn with."""
    scales = [plan.recipe.guidance_scale]
    if isinstance(plan, DreamPlan):
        scales = [plan.key(number).guidance_scale for number in range(len(plan.named))]
    elif isinstance(plan, AnimationPlan) and plan.schedules.given("guidance_schedule"):
        scales = [plan.schedules.at("guidance_schedule", key) for key in range(0, plan.total, plan.cadence)]
    return min(scales), max(scales)


def guidance_text(plan: FilmPlan) -> str:
    """The guidance scale as it is shown: "9", or "5 to 9" if it changes."""
    low, high = guidance_range(plan)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


class FilmTable(Protocol):
    """`row` holds a cell for each of `columns`, None where it says nothing; `kind` is "key", "cut" or nothing; `drawn`
    is the frame where it is drawn, and not only moved.
    """

    @property
    def plan(self) -> FilmPlan: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    def row(self, index: int) -> Row: ...
    def kind(self, index: int) -> str: ...
    def drawn(self, index: int) -> Sample | None: ...


class DreamTable:
    """Every frame of a dream is drawn; `seed_to` and `prompt_to` are those it is on its way to, by their weights."""

    columns = ("frame", "key", "seed", "seed_to", "seed_weight", "steps", "guidance_scale", *WORD_COLUMNS)

    def __init__(self, plan: DreamPlan) -> None:
        self.plan = plan

    def row(self, index: int) -> Row:
        frame = self.plan.frame(index)
        drawn: Row = {"steps": denoising_steps(frame, self.plan.recipe), "guidance_scale": frame.guidance_scale}
        return {
            "frame": index,
            "key": self.kind(index),
            **noise_cells(frame.noise),
            **drawn,
            **word_cells(frame.prompt),
        }

    def kind(self, index: int) -> str:
        return KEY if self.plan.is_key(index) else ""

    def drawn(self, index: int) -> Sample | None:
        return self.plan.frame(index)


class AnimateTable:
    """Keys have seed, strength and steps; every frame has its words and those schedules that change over the film."""

    def __init__(self, plan: AnimationPlan) -> None:
        self.plan = plan
        self.varying = tuple(
            name
            for name, curve in plan.schedules.curves.items()
            if name not in OF_KEYS
            and not (isinstance(first := curve.keys[0].value, float) and curve.is_constant(first))
        )
        self.columns = ("frame", "key", "seed", "strength", "steps", *self.varying, *WORD_COLUMNS)
        self._key = lru_cache(maxsize=1)(plan.key)  # what a frame costs and its row ask for the same one

    def row(self, index: int) -> Row:
        row: Row = {"frame": index, "key": self.kind(index), "seed": None, "strength": None, "steps": None}
        key = self._key(index) if index % self.plan.cadence == 0 else None
        if key is not None:
            row |= {"seed": self.plan.seed(index), "strength": self.plan.strength(index)}
            row |= {"steps": denoising_steps(key, self.plan.recipe)}
        moves = {name: self.plan.schedules.at(name, index) for name in self.varying}
        return {**row, **moves, **word_cells(key.prompt if key is not None else self.plan.words(index))}

    def kind(self, index: int) -> str:
        if index % self.plan.cadence:
            return ""
        return CUT if index and not self.plan.request.of_clip and self.plan.is_cut(index) else KEY

    def drawn(self, index: int) -> Sample | None:
        frame = self._key(index) if index % self.plan.cadence == 0 else None
        return frame if frame is not None and denoising_steps(frame, self.plan.recipe) else None


def film_table(plan: FilmPlan) -> FilmTable:
    assert isinstance(plan, DreamPlan | AnimationPlan)
    return DreamTable(plan) if isinstance(plan, DreamPlan) else AnimateTable(plan)


def denoising_steps(frame: Sample, recipe: Recipe) -> int:
    """Denoising steps that `frame` takes: from pixels, the part of the schedule that its strength runs."""
    steps = frame.steps if frame.steps is not None else recipe.steps
    strength = frame.init.strength if isinstance(frame.init, FromFilm) else 1.0
    return min(int(steps * strength), steps)


def noise_cells(noise: AnyNoise) -> Row:
    match noise:
        case SlerpNoise(start=start, end=end, weight=weight) | SplineNoise(through=(_, start, end, _), weight=weight):
            return {"seed": start.seed, "seed_to": end.seed, "seed_weight": weight}
        case CircleNoise(first=first, second=second, turn=turn):
            return {"seed": first.seed, "seed_to": second.seed, "seed_weight": turn}
        case _:
            return {"seed": noise.seed, "seed_to": None, "seed_weight": None}


def word_cells(words: AnyPrompt) -> Row:
    start, end, weight = (
        (words.start, words.end, words.weight) if isinstance(words, LerpPrompt) else (words, None, None)
    )
    to = end.prompt if end is not None else None
    return dict(zip(WORD_COLUMNS, (start.prompt, to, weight, start.negative_prompt), strict=True))


@dataclass(slots=True)
class Cost:
    """What drawing a film takes. `calls` are passes of one picture through the network: a step with guidance is two.

    `keys` and `cuts` count, and their lists hold the first few.
    """

    frames: int = 0
    drawn: int = 0
    calls: int = 0
    keys: int = 0
    cuts: int = 0
    first_keys: list[int] = field(default_factory=list[int])
    first_cuts: list[int] = field(default_factory=list[int])


def count_rows(table: FilmTable, recipe: Recipe, cost: Cost, wanted: Callable[[int], bool]) -> Iterator[Row]:
    """The rows of the film's frames that are `wanted`, one at a time, while `cost` counts all of them."""
    for index in range(table.plan.total):
        kind, drawn = table.kind(index), table.drawn(index)
        cost.frames += 1
        if drawn is not None:
            scale = drawn.guidance_scale if drawn.guidance_scale is not None else recipe.guidance_scale
            cost.drawn += 1
            calls = network_calls(recipe.sampler, denoising_steps(drawn, recipe), recipe.request.quality)
            cost.calls += calls * (1 if scale <= 1 else 2)
        if kind:
            cost.keys += 1
            cost.first_keys += [index] if cost.keys <= LISTED else []
        if kind == CUT:
            cost.cuts += 1
            cost.first_cuts += [index] if cost.cuts <= LISTED else []
        if wanted(index):
            yield table.row(index)


def ask_film(kind: type[AnyFilm], /, **fields: Any) -> AnyFilm:
    """As `make_request`; if a field is wrong the schedules are read all the same, and reported with it."""
    try:
        return make_request(kind, **fields)
    except BadRequest as error:
        if kind is not Animate:
            raise
        wrong = {problem.field for problem in problems_of(error)}
        readable = {name: fields[name] for name in fields.keys() & OF_SCHEDULES - wrong}
        raise with_schedules(error, make_request(Animate, **readable)) from None


@contextmanager
def with_everything_wrong(request: AnyFilm) -> Generator[None]:
    """A `BadRequest` raised inside is raised together with what is wrong in the schedules of `request`."""
    try:
        yield
    except BadRequest as error:
        raise with_schedules(error, request) from None


def with_schedules(error: BadRequest, request: AnyFilm) -> BadRequest:
    """`error` and the problems of the schedules of `request` that it does not report."""
    problems = problems_of(error)
    reported = {problem.field for problem in problems}
    more = [problem for problem in schedule_problems(request) if problem.field not in reported]
    return together([*problems, *more]) if more else error


def schedule_problems(request: AnyFilm) -> list[BadRequest]:
    if not isinstance(request, Animate):
        return []
    try:
        read_schedules(request, timeline_of(request, frames_of(request), request.seed or 0))
    except BadRequest as error:
        return problems_of(error)
    return []
