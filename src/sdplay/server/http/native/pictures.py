"""Finished pictures and films: listed, sent, and what they were made from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import BadRequest
from sdplay.server.filters import Kind, Order, PictureFilter
from sdplay.server.http.native.answers import PictureAnswer, PictureList, file_name, picture_answer
from sdplay.server.http.native.context import (
    LARGEST_NUMBER,
    PageSize,
    PictureNumber,
    Responses,
    ServiceHere,
    at_leisure,
)
from sdplay.server.reading import Settings, settings_in
from sdplay.server.service import Service

router = APIRouter(prefix="/pictures", tags=["pictures"])
# Nothing else is ever sent under these names: no HTML and no SVG, which could hold a program.
MEDIA_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "video/mp4", "video/webm", "video/x-matroska"}
)
ANY_FILE: Responses = {200: {"description": "The file.", "content": {"image/*": {}, "video/*": {}}}}
WEBP: Responses = {200: {"description": "A small picture.", "content": {"image/webp": {}}}}
FOREVER = "private, max-age=31536000, immutable"
CHECKED = "private, no-cache"
MOST_CHANGED = 100_000  # pictures in one request


class Facets(BaseModel):
    """What there is to choose from."""

    total: int
    starred: int
    trash: int
    models: dict[str, int] = Field(description="How many pictures each model drew, the busiest first.")


class Numbers(BaseModel):
    pictures: list[int]


class Place(BaseModel):
    """`offset` is null for a picture that is not among them."""

    offset: int | None
    total: int


class Changed(BaseModel):
    """How many pictures were changed."""

    changed: int


class Scanned(BaseModel):
    """What was different in the folders: pictures that are new there, changed, or gone."""

    found: int
    changed: int
    gone: int


class Marks(BaseModel):
    """What is to be changed of some pictures."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pictures: list[Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]] = Field(max_length=MOST_CHANGED)
    starred: bool | None = None
    rating: int | None = Field(default=None, ge=0, le=5, description="0: not rated.")
    trash: bool | None = Field(default=None, description="Into the trash, or out of it.")


def filter_of(
    text: Annotated[
        str,
        Query(
            max_length=1000,
            description='Words that it has in its prompts, model, seed, day or name: `red "on a table" -dog`.',
        ),
    ] = "",
    model: Annotated[str, Query(max_length=1000, description="Drawn by this model.")] = "",
    starred: Annotated[bool, Query(description="Only those with a star.")] = False,
    rating: Annotated[int, Query(ge=0, le=5, description="Rated so or better.")] = 0,
    since: Annotated[float | None, Query(description="Made from then on, in seconds since 1970.")] = None,
    until: Annotated[float | None, Query(description="Made before then.")] = None,
    kind: Annotated[Kind | None, Query(description="Only pictures, or only films.")] = None,
    upto: Annotated[
        int | None, Query(ge=0, le=LARGEST_NUMBER, description="Up to this number: a list that stays the same.")
    ] = None,
    trash: Annotated[bool, Query(description="Those in the trash.")] = False,
) -> PictureFilter:
    return PictureFilter(
        text=text,
        model=model,
        starred=starred,
        rating=rating,
        since=since,
        until=until,
        kind=kind,
        upto=upto,
        trash=trash,
    )


Wanted = Annotated[PictureFilter, Depends(filter_of)]
Sort = Annotated[Order, Query(description="The order.")]
Offset = Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="How many are left out at the beginning.")]


@router.get("")
def list_pictures(
    service: ServiceHere,
    wanted: Wanted,
    job: Annotated[str | None, Query(max_length=64, description="Those of this job, in their order.")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="`next` of the page before.")] = None,
    sort: Sort = "newest",
    offset: Offset = 0,
    total: Annotated[bool, Query(description="Count them as well.")] = False,
    limit: PageSize = 50,
) -> PictureList:
    """Pictures, the newest first: page by page with `before`, or from any place with `offset`."""
    if job is not None:
        pictures = service.gallery.pictures(job=job, limit=limit)
    else:
        pictures = service.gallery.window(wanted, sort, offset, limit, before=before)
    whole = len(pictures) < limit and (pictures or not offset) and before is None
    paged = len(pictures) == limit and job is None and not offset and sort == "newest"
    return PictureList(
        pictures=[picture_answer(picture) for picture in pictures],
        next=pictures[-1].id if paged else None,
        total=(offset + len(pictures) if whole else service.gallery.count(wanted)) if total else None,
        last=service.gallery.last() if total else None,
    )


@router.get("/facets")
def get_facets(service: ServiceHere) -> Facets:
    """How many there are, by what the gallery can be filtered by."""
    return Facets(**asdict(service.gallery.facets()))


@router.get("/numbers")
def list_numbers(
    service: ServiceHere,
    wanted: Wanted,
    sort: Sort = "newest",
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_CHANGED)] = MOST_CHANGED,
) -> Numbers:
    """The numbers of very many pictures at once."""
    return Numbers(pictures=service.gallery.numbers(wanted, sort, offset, limit))


@router.get("/{number:int}/place")
def get_place(service: ServiceHere, number: PictureNumber, wanted: Wanted, sort: Sort = "newest") -> Place:
    """At which place a picture is among those that are wanted, and how many these are."""
    place = service.gallery.place_of(number, wanted, sort)
    return Place(offset=place, total=service.gallery.count(wanted))


@router.patch("")
def change_pictures(service: ServiceHere, body: Marks) -> Changed:
    """Star pictures, rate them, move them into the trash or out of it."""
    if body.starred is None and body.rating is None and body.trash is None:
        raise BadRequest("nothing is to be changed", field="starred", hint="give `starred`, `rating` or `trash`")
    return Changed(changed=service.change_pictures(**body.model_dump()))


@router.post("/scan")
def scan_folders(service: ServiceHere) -> Scanned:
    """Look at the folders now, and not only within some seconds."""
    return Scanned(**asdict(service.scan.look()))


@router.delete("/trash")
def empty_trash(service: ServiceHere) -> Changed:
    """Delete what is in the trash, for good."""
    return Changed(changed=service.empty_trash())


@router.get("/{number:int}")
def get_picture(service: ServiceHere, number: PictureNumber) -> PictureAnswer:
    """A picture."""
    return picture_answer(service.picture(number))


@router.get("/{number:int}/file", response_class=FileResponse, responses=ANY_FILE)
def get_file(
    service: ServiceHere,
    number: PictureNumber,
    download: Annotated[bool, Query(description="To be saved, and not shown.")] = False,
) -> FileResponse:
    """The file as it was written, with its recipe inside."""
    picture = service.picture(number)
    kept = FOREVER if picture.job else CHECKED
    path = service.file_of(picture)
    return file_answer(path, picture.media_type, download=download, name=file_name(picture), kept=kept)


@router.get("/{number:int}/thumbnail", response_class=Response, responses=WEBP)
async def get_thumbnail(service: ServiceHere, number: PictureNumber) -> Response:
    """A picture of up to 320 pixels a side; of a film its first frame."""
    path = await run_in_threadpool(lambda: service.file_of(service.picture(number)))
    content = await small_picture(service, number, path)
    return Response(content, media_type="image/webp", headers={"Cache-Control": FOREVER})


async def small_picture(service: Service, key: int | str, path: Path) -> bytes:
    """The thumbnail of `path`: at once if it is kept, else made at leisure."""
    kept = await run_in_threadpool(service.thumbnails.kept, key, path)
    return kept if kept is not None else await at_leisure(service.thumbnails.of, key, path)


@router.get("/{number:int}/recipe")
async def get_recipe(service: ServiceHere, number: PictureNumber) -> Settings:
    """What a picture was made from, read from the file itself, whichever program wrote it."""

    def read() -> Settings:
        picture = service.picture(number)
        return settings_in(service, service.file_of(picture), service.queue.job(picture.job))

    return await at_leisure(read)


@router.delete("/{number:int}", status_code=204)
def delete_picture(service: ServiceHere, number: PictureNumber) -> None:
    """Delete a picture, its file as well. The frames of a film stay in its folder."""
    service.delete_picture(number)


def file_answer(
    path: Path, media_type: str, *, download: bool, name: str | None = None, kept: str = FOREVER
) -> FileResponse:
    """`path` under a type that no browser takes for a program; as long as nothing else is said, under its own name."""
    kind = media_type if media_type in MEDIA_TYPES else "application/octet-stream"
    shown = "attachment" if download or kind == "application/octet-stream" else "inline"
    if name is None:
        name = path.name if path.stem != "video" else f"{path.parent.name}{path.suffix}"
    return FileResponse(
        path, media_type=kind, filename=name, content_disposition_type=shown, headers={"Cache-Control": kept}
    )
