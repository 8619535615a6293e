"""POST /v1/images/generations and /v1/images/edits."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import BadRequest
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.http.openai.answers import NO_RETRY, Answer, failure
from sdplay.server.http.openai.edits import read_edit
from sdplay.server.http.openai.fields import ImageFields, image_fields
from sdplay.server.http.openai.jobs import ImageJob, changed_pictures, new_pictures
from sdplay.server.http.openai.stream import told
from sdplay.server.http.openai.waiting import Gone, ended
from sdplay.server.service import Service

router = APIRouter(prefix="/images")
MOST_FIELDS, MOST_FILES = 200, 20
CLIENT_GONE = 499
FORM = "multipart/form-data"
NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.post("/generations")
async def generate(service: ServiceHere, request: Request, body: JsonObject) -> Response:
    """Pictures from words."""

    def submitted() -> tuple[ImageFields, str]:
        asked = image_fields(body)
        return asked, submit(service, new_pictures(service, asked))

    asked, job = await run_in_threadpool(submitted)
    return await answered(Answer.to(request, service, asked), job, "image_generation", request)


@router.post("/edits")
async def edit(service: ServiceHere, request: Request) -> Response:
    """A picture changed, or repainted where a mask is transparent."""
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise BadRequest(f"is not {FORM}", field="content-type", hint="send the pictures as files of a form")

    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:

        def submitted() -> tuple[ImageFields, str]:
            read = read_edit(service, form)
            return read.asked, submit(service, changed_pictures(service, read.asked, read.image, read.mask))

        asked, job = await run_in_threadpool(submitted)
    return await answered(Answer.to(request, service, asked), job, "image_edit", request)


def submit(service: Service, job: ImageJob) -> str:
    return service.submit(job.mode, job.fields, source="openai").job.id


async def answered(answer: Answer, job: str, kind: str, request: Request) -> Response:
    """The answer to whoever waits for `job`, as events where they are asked for."""
    if answer.asked.stream:
        return StreamingResponse(told(answer, job, kind, request), media_type="text/event-stream", headers=NO_STORE)
    try:
        done = await ended(answer.service, job, request)
    except Gone:
        return Response(status_code=CLIENT_GONE)
    if done.state != "completed":
        status, body = failure(done)
        return JSONResponse(body, status, NO_RETRY)
    return JSONResponse(await run_in_threadpool(answer.images, done))
