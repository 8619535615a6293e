"""Finished pictures and films: listed, sent, and what they were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from sdplay.server.http.native.answers import PictureAnswer, PictureList, picture_answer
from sdplay.server.http.native.context import (
    LARGEST_NUMBER,
    PageSize,
    PictureNumber,
    Responses,
    ServiceHere,
    at_leisure,
)
from sdplay.server.shown import recipe_of
from sdplay.server.thumbnails import thumbnail_of

router = APIRouter(prefix="/pictures", tags=["pictures"])
# Nothing else is ever sent under these names: no HTML and no SVG, which could hold a program.
MEDIA_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "video/mp4", "video/webm", "video/x-matroska"}
)
ANY_FILE: Responses = {200: {"description": "The file.", "content": {"image/*": {}, "video/*": {}}}}
WEBP: Responses = {200: {"description": "A small picture.", "content": {"image/webp": {}}}}
FOREVER = "private, max-age=31536000, immutable"


class RecipeAnswer(BaseModel):
    """What a picture was made from. `request` is the job that draws it again, bit for bit; `parameters` is what A1111
    would write; `enlarged` says how it was made larger since it was drawn.
    """

    mode: str
    index: int
    digest: str
    recipe: dict[str, Any]
    request: dict[str, Any] | None
    parameters: str | None
    enlarged: list[dict[str, Any]]


@router.get("")
def list_pictures(
    service: ServiceHere,
    job: Annotated[str | None, Query(max_length=64, description="Those of this job, in their order.")] = None,
    text: Annotated[str, Query(max_length=1000, description="Looked for in prompts.")] = "",
    model: Annotated[str, Query(max_length=1000, description="Drawn by this model.")] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="`next` of the page before.")] = None,
    limit: PageSize = 50,
) -> PictureList:
    """Pictures, the newest first."""
    found = service.gallery.pictures(job=job, before=before, text=text, model=model, limit=limit)
    following = found[-1].id if len(found) == limit and job is None else None
    return PictureList(pictures=[picture_answer(picture) for picture in found], next=following)


@router.get("/{number}")
def get_picture(service: ServiceHere, number: PictureNumber) -> PictureAnswer:
    """A picture."""
    return picture_answer(service.picture(number))


@router.get("/{number}/file", response_class=FileResponse, responses=ANY_FILE)
def get_file(
    service: ServiceHere,
    number: PictureNumber,
    download: Annotated[bool, Query(description="To be saved, and not shown.")] = False,
) -> FileResponse:
    """The file as it was written, with its recipe inside."""
    picture = service.picture(number)
    return file_answer(service.file_of(picture), picture.media_type, download=download)


@router.get("/{number}/thumbnail", response_class=Response, responses=WEBP)
async def get_thumbnail(service: ServiceHere, number: PictureNumber) -> Response:
    """A picture of up to 320 pixels a side; of a film its first frame."""
    content = await at_leisure(lambda: thumbnail_of(service.file_of(service.picture(number))))
    return Response(content, media_type="image/webp", headers={"Cache-Control": FOREVER})


@router.get("/{number}/recipe")
async def get_recipe(service: ServiceHere, number: PictureNumber) -> RecipeAnswer:
    """What a picture was made from, read from the file itself."""

    def read() -> RecipeAnswer:
        picture = service.picture(number)
        return RecipeAnswer(**recipe_of(service.file_of(picture), service.queue.job(picture.job)))

    return await at_leisure(read)


@router.delete("/{number}", status_code=204)
def delete_picture(service: ServiceHere, number: PictureNumber) -> None:
    """Delete a picture, its file as well. The frames of a film stay in its folder."""
    service.delete_picture(number)


def file_answer(path: Path, media_type: str, *, download: bool) -> FileResponse:
    """`path` under a type that no browser takes for a program, and a name that is the service's own."""
    kind = media_type if media_type in MEDIA_TYPES else "application/octet-stream"
    shown = "attachment" if download or kind == "application/octet-stream" else "inline"
    name = path.name if path.stem != "video" else f"{path.parent.name}{path.suffix}"
    return FileResponse(
        path, media_type=kind, filename=name, content_disposition_type=shown, headers={"Cache-Control": FOREVER}
    )
