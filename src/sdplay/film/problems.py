"""Everything that is wrong with a film, said at once: its fields, the files it names, and its schedules."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sdplay.core.errors import BadRequest, problems_of, together
from sdplay.film.plan import AnyFilm
from sdplay.film.plan_animate import frames_of
from sdplay.film.request_animate import Animate
from sdplay.film.schedules import RANGES, read_schedules, timeline_of
from sdplay.requests.base import make_request

# What schedules are read from, and with.
OF_SCHEDULES = {*RANGES, "animation_prompts", "negative_prompt", "prompt_interpolation", "keyframe_interpolation"} | {
    "animation_mode",
    "max_frames",
    "fps",
    "seed",
    "audio",
    "audio_start",
}


def ask_film(kind: type[AnyFilm], /, **fields: Any) -> AnyFilm:
    """`ask`, but where a field is wrong the schedules are read all the same, and told with it."""
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
    """`error` and the problems of the schedules of `request` that it does not tell."""
    problems = problems_of(error)
    told = {problem.field for problem in problems}
    more = [problem for problem in schedule_problems(request) if problem.field not in told]
    return together([*problems, *more]) if more else error


def schedule_problems(request: AnyFilm) -> list[BadRequest]:
    if not isinstance(request, Animate):
        return []
    try:
        read_schedules(request, timeline_of(request, frames_of(request), request.seed or 0))
    except BadRequest as error:
        return problems_of(error)
    return []
