"""How long a film's settings take that are made to take long, before they are refused."""

from __future__ import annotations

import time

from benchmarks.measure import Timings
from benchmarks.report import Section
from benchmarks.rows import Aim, Row
from sdplay.core.errors import BadRequest
from sdplay.executors.fake import FakeExecutor
from sdplay.film.plan import film_plan
from sdplay.film.request_animate import Animate
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.studio import Studio

AIM = Aim(seconds=0.01)
# Schedules that are deep, long, dear to compute, or code.
HOSTILE = (
    "(" * 5000,
    "0:(" + "(" * 5000 + "1" + ")" * 5000 + ")",
    "0:(9**9**9**9)",
    "0:(" + "-" * 100_000 + "1)",
    "0:(__import__('os').system('true'))",
    "0:(t.__class__)",
    "0:([x for x in t])",
    "0:(lambda: 1)",
    "0:(" + "1+" * 50_000 + "x)",
    "0:(1" + "0" * 100_000 + "x)",
    "0:('a'*10**9)",
    "{" * 10_000,
    '{"0":' * 2_000,
    "0:(1e999)",
    "99999999999999999999:(1)",
    "0:(1),," + "," * 50_000 + "x",
    "0:(1) " + "ease " * 20_000,
    '"' * 50_001,
)


def film_of(schedule: str) -> Recipe:
    """The recipe of a film whose angle is `schedule`, which has not been looked at yet."""
    request = make_request(Animate, animation_prompts="a", max_frames=1, angle=schedule)
    with Studio(FakeExecutor(), new_seed=lambda: 1) as studio:
        return studio.resolve(request).recipe


def refusal(recipe: Recipe) -> float:
    """CPU seconds until `recipe` is refused."""
    started = time.process_time()
    try:
        film_plan(recipe)
    except BadRequest:
        return time.process_time() - started
    raise AssertionError("it was not refused")


def shown(schedule: str) -> str:
    """The schedule as it can stand in a table."""
    start = schedule[:24].replace("|", "\\|")
    return f"`{start}`" if len(schedule) <= 24 else f"`{start}…`, {len(schedule):,} characters"


def refusing_section(rounds: int) -> Section:
    rows: list[Row] = []
    for number, schedule in enumerate(HOSTILE):
        recipe = film_of(schedule)
        taken = Timings(tuple(refusal(recipe) for _ in range(rounds)))
        rows.append(Row(key=f"refusing-{number}", what=shown(schedule), clock="CPU", ours=taken.median, aim=AIM))
    return Section(
        title="Refusing",
        about="Schedules made to take long: from the plan of the film to the message, nothing loaded.",
        rows=tuple(rows),
    )
