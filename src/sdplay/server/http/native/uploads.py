"""Files that clients send, to be named in requests by their ids."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from sdplay.server.http.native.answers import UPLOAD_ROUTE, UploadAnswer, upload_answer
from sdplay.server.http.native.context import ServiceHere, UploadName, at_leisure
from sdplay.server.http.native.pictures import ANY_FILE, WEBP, file_answer, small_picture

router = APIRouter(prefix="/uploads", tags=["uploads"])


@router.post("", status_code=201)
async def send_file(
    service: ServiceHere,
    response: Response,
    file: Annotated[UploadFile, File(description="A picture, a film or a sound.")],
) -> UploadAnswer:
    """Send a file. The same file has the same id, however often it is sent; its name is not kept."""
    upload = await at_leisure(lambda: service.add_upload(file.file.read(service.limits.upload + 1)))
    response.headers["Location"] = f"{UPLOAD_ROUTE}/{upload.id}"
    return upload_answer(upload)


@router.get("/{name}")
def get_upload(service: ServiceHere, name: UploadName) -> UploadAnswer:
    """What was sent."""
    return upload_answer(service.upload(name))


@router.get("/{name}/file", response_class=FileResponse, responses=ANY_FILE)
def get_upload_file(service: ServiceHere, name: UploadName) -> FileResponse:
    """The file as it was sent."""
    upload = service.upload(name)
    return file_answer(service.file_of(upload), upload.media_type, download=False)


@router.get("/{name}/thumbnail", response_class=Response, responses=WEBP)
async def get_upload_thumbnail(service: ServiceHere, name: UploadName) -> Response:
    """A picture of up to 320 pixels a side."""
    path = await run_in_threadpool(lambda: service.file_of(service.upload(name)))
    return Response(await small_picture(service, name, path), media_type="image/webp")
