"""Draw and wait: the shortest way from words to a picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import StoreError
from sdplay.server.clients import GRID
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.http.native.jobs import KEY, parted
from sdplay.server.http.native.pictures import ANY_FILE, file_answer
from sdplay.server.http.native.schema import json_body
from sdplay.server.hub import END
from sdplay.server.records import ENDED, Job
from sdplay.server.service import Accepted, Conflict, Service

router = APIRouter(tags=["jobs"])
LOOK = 2.0  # seconds between two looks at whether somebody still waits


class JobFailed(Conflict):
    """The job that somebody waits for has failed, or was cancelled."""


@router.post("/draw", response_class=FileResponse, responses=ANY_FILE, openapi_extra=json_body("JobRequest"))
async def draw(
    request: Request, service: ServiceHere, body: JsonObject, idempotency_key: Annotated[str | None, KEY] = None
) -> FileResponse:
    """Hand in a job, wait for its end, and answer with its first picture, its film, or the sheet
    of its grid itself. Whoever hangs up before
    cancels it.
    """
    mode, priority, fields = parted(body)
    accepted = await run_in_threadpool(service.submit, mode, fields, key=idempotency_key, priority=priority)
    job = await ended(request, service, accepted)
    pictures = await run_in_threadpool(service.gallery.pictures, job=job.id, limit=job.total + 1)
    pictures = pictures[-1:] if job.mode == GRID else pictures[:1]
    if job.state != "completed" or not pictures:
        told = job.error or {}
        reason = str(told.get("message") or f"the job is {job.state}, and has no picture")
        raise JobFailed(reason, field="job", value=job.id, hint=str(told.get("hint") or ""))
    path = await run_in_threadpool(service.file_of, pictures[0])
    return file_answer(path, pictures[0].media_type, download=False)


async def ended(request: Request, service: Service, accepted: Accepted) -> Job:
    """An accepted job once it has ended."""
    name = accepted.job.id
    async with service.hub.listening(name) as listener:
        while True:
            job = await run_in_threadpool(service.job, name)
            if job.state in ENDED:
                return job
            while (change := await listener.next(LOOK)) is None or change.type == "step":
                if not accepted.known and await request.is_disconnected():
                    await run_in_threadpool(service.cancel, name)
            if change is END:
                raise StoreError("the service ends; the job goes on after its next start", field="job", value=name)
