"""Grids: their cells while they are drawn and afterwards, their sheets, and what an axis can vary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from sdplay.requests.axes import SIZE, TEXTS, field_of
from sdplay.requests.base import field_names
from sdplay.requests.groups import ADVANCED
from sdplay.requests.modes import ROLES, request_type
from sdplay.requests.request import STILLS
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from sdplay.server.clients import GRID, OWN
from sdplay.server.grids import KeptGrid
from sdplay.server.http.native.answers import JOB_ROUTE, JobSummary, PictureAnswer, job_summary, picture_answer
from sdplay.server.http.native.context import JobName, PageSize, ServiceHere, next_of
from sdplay.server.http.native.schema import field_schema_of
from sdplay.server.models import add_on_names
from sdplay.server.plans import PlannedAxis, axes_answer
from sdplay.server.prompt_words import prompt_words
from sdplay.server.records import Job
from sdplay.server.service import NotFound, Service
from sdplay.server.shown import shown_request

router = APIRouter(prefix="/grids", tags=["grids"])
MOST_COVERS = 4  # across, and down
SIZES = "Width and height in pixels: 256, or 256x384."
Kind = Literal["words", "whole", "number", "choice", "switch", "size", "lora", "text"]
KINDS: Mapping[str, Kind] = {"integer": "whole", "number": "number", "boolean": "switch"}


class GridSummary(JobSummary):
    """A job that makes a grid. The first axis goes across, the second down, a third makes blocks. `covers` are the
    thumbnails of its first cells, at most four across and four down.
    """

    axes: list[PlannedAxis]
    columns: int
    rows: int
    blocks: int
    covers: list[list[str | None]]
    sheet: PictureAnswer | None = Field(description="All pictures with their labels, once they are drawn.")


class GridAnswer(GridSummary):
    """A grid with all its pictures, as they come. `cells` are block by block, row by row: the `index` of each picture
    of a cell, one and the same where cells come to the same.
    """

    request: dict[str, Any]
    cells: list[list[int]]
    pictures: list[PictureAnswer]


class GridList(BaseModel):
    """The newest first; `next` is the `before` of the next page, null on the last one."""

    grids: list[GridSummary]
    next: str | None


class AxisFacts(BaseModel):
    """A field that an axis can vary. `name` is what an axis calls it; `least` and `most` are limits of its numbers,
    `choices` what there is to choose from, `modes` whose requests have it.
    """

    field: str
    name: str
    kind: Kind = Field(description="words: each value takes the place of the first one in the text.")
    about: str
    group: str
    least: float | None
    most: float | None
    choices: list[str]
    modes: list[str]


class AxisList(BaseModel):
    axes: list[AxisFacts]


@router.get("")
def list_grids(
    service: ServiceHere,
    before: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: PageSize = 50,
) -> GridList:
    """Grids, the newest first, and those that wait or are drawn."""
    jobs = service.queue.jobs(modes=(GRID,), before=before, limit=limit)
    return GridList(grids=[summary_of(service, job) for job in jobs], next=next_of(jobs, limit))


@router.get("/axes")
def list_axes(service: ServiceHere) -> AxisList:
    """What an axis of a grid can vary."""
    there = choices_here(service)
    found: dict[str, AxisFacts] = {}
    for mode, kind in STILLS.items():
        for field in [name for name in field_names(kind) if name not in {*OWN, *ROLES, "mode"}]:
            for one in [field, SIZE] if field == "height" else [field]:
                if one not in found:
                    found[one] = axis_facts(mode, field, one, there)
                found[one].modes.append(mode)
    return AxisList(axes=list(found.values()))


@router.get("/{name}")
def get_grid(service: ServiceHere, name: JobName) -> GridAnswer:
    """A grid: which pictures are there, and in which cells they stand."""
    job = service.job(name)
    if job.mode != GRID:
        raise NotFound("it makes no grid", field="job", value=name, hint=f"its pictures are at {JOB_ROUTE}/{name}")
    return grid_answer(service, job)


def summary_of(service: Service, job: Job) -> GridSummary:
    grid, pictures = KeptGrid(job.request), pictures_of(service, job)
    blocks, rows, columns = grid.shape
    across, down = min(columns, MOST_COVERS), min(rows, MOST_COVERS)
    shown = [grid.cells[row * columns : row * columns + across] for row in range(down)]
    return GridSummary(
        **job_summary(job, service.queue.place(job.id) if job.state == "queued" else None),
        axes=axes_answer(grid.axes),
        columns=columns,
        rows=rows,
        blocks=blocks,
        covers=[[pictures[cell[0]].thumbnail if cell[0] in pictures else None for cell in row] for row in shown],
        sheet=pictures.get(grid.total),
    )


def grid_answer(service: Service, job: Job) -> GridAnswer:
    pictures = pictures_of(service, job)
    return GridAnswer(
        **summary_of(service, job).model_dump(),
        request=shown_request(job),
        cells=KeptGrid(job.request).cells,
        pictures=[picture for number, picture in pictures.items() if number < job.total],
    )


def pictures_of(service: Service, job: Job) -> dict[int, PictureAnswer]:
    """The pictures of a grid by their numbers; the sheet has the one after the last."""
    pictures = service.gallery.pictures(job=job.id, limit=job.total + 1)
    return {picture.index: picture_answer(picture) for picture in pictures}


def choices_here(service: Service) -> dict[str, list[str]]:
    """What there is of what is chosen by its name."""
    words = prompt_words()
    return {
        "sampler": list(SAMPLER_ALIASES),
        "schedule": list(SCHEDULE_ALIASES),
        "model": service.model_names(),
        "vae": add_on_names(service, "vae"),
        "controlnet": add_on_names(service, "controlnet"),
        "embedding": add_on_names(service, "embeddings"),
        "lora": add_on_names(service, "loras"),
        "style": [style.name for style in words.styles],
    }


def axis_facts(mode: str, field: str, shown: str, there: Mapping[str, list[str]]) -> AxisFacts:
    """What varying `field` of the requests of `mode` is; with `shown` "size" both sides at once."""
    schema = field_schema_of(mode, field)
    whole = plain_schema(schema)
    least, most = whole.get("minimum"), whole.get("maximum")
    if shown == SIZE:
        group = schema["x-group"]
        return AxisFacts(
            field=SIZE, name=SIZE, kind="size", about=SIZES, group=group, least=least, most=most, choices=[], modes=[]
        )
    return AxisFacts(
        field=field,
        name=field_of(field, request_type(mode))[1],
        kind=kind_of_field(field, whole, there),
        about=schema.get("description", ""),
        group=schema.get("x-group", ADVANCED),
        choices=there.get(field) or [str(one) for one in whole.get("enum", ())],
        modes=[],
        least=least,
        most=most,
    )


def kind_of_field(field: str, schema: Mapping[str, Any], there: Mapping[str, list[str]]) -> Kind:
    if field in TEXTS:
        return "words"
    if field == "lora":
        return "lora"
    if field in there or "enum" in schema:
        return "choice"
    return KINDS.get(schema.get("type", ""), "text")


def plain_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` without null."""
    return next(part for part in schema.get("anyOf", (schema,)) if part.get("type") != "null")
