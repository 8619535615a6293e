"""What a job would be: how much is drawn, the memory and the time it takes, what its prompts say. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, Field

from sdplay.core.errors import BadRequest
from sdplay.core.warning import RequestWarning
from sdplay.files.atomic import usual_bytes
from sdplay.jobs.resolve import ResolvedRequest, memory_of, other_ways
from sdplay.requests.axes import Axis
from sdplay.requests.grid import shape
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still
from sdplay.requests.txt2img import picture_size
from sdplay.server.clients import GRID, check_film_format, client_request, formats_of
from sdplay.server.derived import DERIVED
from sdplay.server.films import FILM_MODES
from sdplay.server.grids import largest_of, notes_of
from sdplay.server.notes import Note, messages, note_of, once
from sdplay.server.pace import seconds_per_work, still_work

if TYPE_CHECKING:
    from sdplay.film.draft import Draft
    from sdplay.pipeline.explain import Explanation
    from sdplay.requests.request import AnyStill
    from sdplay.server.service import Service


class Way(BaseModel):
    """A way to draw in `bytes` of memory, and what is done for that."""

    bytes: int
    steps: list[str]


class MemoryAnswer(Way):
    """What is predicted; `free` is what the device has, `less` are ways that take less."""

    allowed: int | None
    free: int | None
    less: list[Way]


class FilmAnswer(BaseModel):
    """`drawn` of the frames are drawn, the others moved; the film is done segment by segment."""

    frames: int
    keys: int
    cuts: int
    drawn: int
    segments: int
    segment_length: int
    network_calls: int
    fps: float
    seconds: float


class PlannedAxis(BaseModel):
    """An axis of a grid: the field of requests that it varies, the name that `grid` gives it, and its values."""

    field: str
    name: str
    values: list[str]


class PlannedGrid(BaseModel):
    """The axes of a grid: across, down, and one block for each value of a third. `cells` may show one picture twice."""

    axes: list[PlannedAxis]
    columns: int
    rows: int
    blocks: int
    cells: int


class Plan(BaseModel):
    """What a job would be, or the first cell of a grid. `seconds` is how long it takes if it goes as the last ones on
    this model did, null if none were drawn yet; `waits` is how many jobs come before it.
    """

    mode: str
    total: int
    width: int
    height: int
    steps: int
    guidance_scale: float
    sampler: str
    schedule: str
    seed: int
    model: str
    device: str
    dtype: str
    digest: str = Field(description="That of the recipe: equal ones draw equal pictures.")
    memory: MemoryAnswer | None = Field(description="Null if the model's files do not tell how large it is.")
    seconds: float | None
    disk_bytes: int
    waits: int
    film: FilmAnswer | None = None
    grid: PlannedGrid | None = None
    notes: list[str] = Field(description="What `warnings` say, for people.")
    warnings: list[Note]


def plan(service: Service, mode: str, fields: Mapping[str, Any]) -> Plan:
    """The plan of the job that `fields` ask for; raises what `Service.submit` would raise for it."""
    if mode in DERIVED:
        raise BadRequest("is not a mode that is planned", field="mode", value=mode, hint="it takes seconds")
    if mode == GRID:
        return plan_of_grid(service, service.without_options(mode, fields))
    resolved, total, notes = service.resolve(mode, service.without_options(mode, fields))
    recipe = resolved.recipe
    if not isinstance(recipe.request, Still):
        check_film_format(recipe, fields.get("format") or formats_of(mode)[0])
    film, warnings = film_answer(recipe) if not isinstance(recipe.request, Still) else (None, [])
    width, height = picture_size(recipe)
    work = film.network_calls * width * height if film is not None else still_work(recipe) * total
    pace = seconds_per_work(service.database, recipe.model.name)
    return Plan(
        **facts(service, mode, resolved),
        total=total,
        memory=memory_answer(resolved),
        seconds=round(pace * work, 1) if pace is not None else None,
        disk_bytes=round(usual_bytes(total, width, height)),
        film=film,
        **said(once([*notes, *warnings])),
    )


def said(warnings: Sequence[RequestWarning]) -> dict[str, Any]:
    """What a plan says of what will come out otherwise than asked."""
    return {"notes": messages(warnings), "warnings": [*map(note_of, warnings)]}


def facts(service: Service, mode: str, resolved: ResolvedRequest) -> dict[str, Any]:
    """What a plan says of what is drawn."""
    recipe = resolved.recipe
    width, height = picture_size(recipe)
    return {
        "mode": mode,
        "width": width,
        "height": height,
        **{name: getattr(recipe, name) for name in ("steps", "guidance_scale", "sampler", "schedule", "seed")},
        "model": recipe.model.name,
        "device": resolved.device,
        "dtype": recipe.numerics.dtype,
        "digest": recipe.digest,
        "waits": service.queue.count("queued", "running"),
    }


def plan_of_grid(service: Service, fields: Mapping[str, Any]) -> Plan:
    """The plan of a grid: its memory is that of its largest cell, its time that of all pictures together."""
    grid = service.grid(fields)
    paces: dict[str, float | None] = {}
    seconds, disk = 0.0, 0.0
    for resolved, _ in grid.wanted.values():
        model = resolved.recipe.model.name
        if model not in paces:
            paces[model] = seconds_per_work(service.database, model)
        seconds += (paces[model] or 0.0) * still_work(resolved.recipe)
        disk += usual_bytes(1, *picture_size(resolved.recipe))
    blocks, rows, columns = shape(grid.axes)
    return Plan(
        **facts(service, GRID, grid.cells[0].resolved),
        total=len(grid.wanted),
        memory=memory_answer(largest_of(grid)),
        seconds=round(seconds, 1) if None not in paces.values() else None,
        disk_bytes=round(disk),
        grid=PlannedGrid(axes=axes_answer(grid.axes), columns=columns, rows=rows, blocks=blocks, cells=len(grid.cells)),
        **said(notes_of(grid)),
    )


def axes_answer(axes: Sequence[Axis]) -> list[PlannedAxis]:
    return [PlannedAxis(field=axis.field, name=axis.name, values=list(axis.labels)) for axis in axes]


def memory_answer(resolved: ResolvedRequest) -> MemoryAnswer | None:
    memory = memory_of(resolved)
    if memory is None:
        return None
    return MemoryAnswer(
        bytes=memory.plan.predicted,
        steps=list(memory.plan.steps),
        allowed=memory.allowed,
        free=memory.free,
        less=[Way(bytes=way.predicted, steps=list(way.steps)) for way in other_ways(resolved)],
    )


def film_answer(recipe: Recipe) -> tuple[FilmAnswer, list[RequestWarning]]:
    """What a film is, frame by frame added up, and what a person should know beforehand."""
    from sdplay.film.job.builder import film_warnings
    from sdplay.film.job.description import film_rate
    from sdplay.film.plan import Cost, count_rows, film_plan, film_table

    plan, cost = film_plan(recipe), Cost()
    for _ in count_rows(film_table(plan), recipe, cost, lambda _: False):
        pass
    rate = film_rate(recipe.request)
    answer = FilmAnswer(
        frames=cost.frames,
        keys=cost.keys,
        cuts=cost.cuts,
        drawn=cost.drawn,
        segments=plan.segment_count,
        segment_length=plan.segment_length,
        network_calls=cost.calls,
        fps=float(rate),
        seconds=float(cost.frames / rate),
    )
    return answer, list(film_warnings(plan))


def draft_film(service: Service, mode: str, fields: Mapping[str, Any]) -> Draft:
    """A draft of the film of `fields`; raises `BadRequest` and its kinds."""
    from sdplay.film.draft import draft_of
    from sdplay.film.plan import film_plan

    if mode not in FILM_MODES:
        raise BadRequest("is no mode of films", field="mode", value=mode, hint=", ".join(FILM_MODES))
    resolved, _, _ = service.resolve(mode, service.without_options(mode, fields))
    return draft_of(film_plan(resolved.recipe))


def explain(service: Service, mode: str, fields: Mapping[str, Any]) -> Explanation:
    """What the model reads of the prompts of a picture; raises `BadRequest` and its kinds."""
    from sdplay.requests.request import STILLS

    if mode not in STILLS:
        raise BadRequest("is no mode of single pictures", field="mode", value=mode, hint=", ".join(STILLS))
    request = client_request(mode, service.without_options(mode, fields), service.find_upload)
    return service.studio.explain(cast("AnyStill", request))
