"""One request, one answer: the picture itself, for a script that wants no more than that."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.answers import JOB_ROUTE, PICTURE_ROUTE
from sdplay.server.http.native.context import Responses, ServiceHere
from sdplay.server.http.native.jobs import parted
from sdplay.server.http.native.schema import json_body
from sdplay.server.http.waiting import ended

router = APIRouter(tags=["jobs"])
PICTURE: Responses = {
    200: {"description": "The first picture of the job, or its film.", "content": {"image/*": {}, "video/*": {}}},
    500: {"description": "The job failed: `error` says why."},
}
GONE = 499  # nobody reads this answer: the client has closed the connection


@router.post("/draw", response_class=FileResponse, responses=PICTURE, openapi_extra=json_body("JobRequest"))
async def draw(request: Request, service: ServiceHere, body: JsonObject) -> Response:
    """Hand in a job, wait for it, and get its first picture. Closing the connection cancels the job.

    `Link` names the job's other pictures, `Location` the job.
    """
    mode, priority, fields = parted(body)
    accepted = await run_in_threadpool(service.submit, mode, fields, priority=priority, source="draw")
    job = await ended(request, service, accepted.job.id)
    if job is None:
        return Response(status_code=GONE)
    headers = {"Location": f"{JOB_ROUTE}/{job.id}"}
    pictures = await run_in_threadpool(service.gallery.pictures, job=job.id, limit=job.total)
    if job.state != "completed" or not pictures:
        error = job.error or {"code": job.state, "message": f"the job was {job.state}"}
        return JSONResponse({"error": error}, 500, headers)
    first, *others = pictures
    headers["Sdplay-Seed"], headers["Sdplay-Digest"] = str(first.seed), first.digest
    if others:
        headers["Link"] = ", ".join(f'<{quote(f"{PICTURE_ROUTE}/{each.id}/file")}>; rel="next"' for each in others[:50])
    path = await run_in_threadpool(service.file_of, first)
    return FileResponse(path, media_type=first.media_type, headers=headers)
