"""`/sdapi/v1/txt2img` and `/sdapi/v1/img2img`: the answer comes when the pictures are drawn."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from sdplay.server.http.a1111.answers import answer
from sdplay.server.http.a1111.bodies import Drawing, Img2ImgBody, Txt2ImgBody, parsed, unknown_fields
from sdplay.server.http.a1111.errors import shape
from sdplay.server.http.a1111.state import SOURCE, State, StateHere
from sdplay.server.http.a1111.translate import translated
from sdplay.server.http.a1111.waiting import ended
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.records import Job
from sdplay.server.service import Service

router = APIRouter(prefix="/sdapi/v1")
GONE = 499  # nobody reads it
FAILED = {"disk-full": 507, "bad-request": 422}


@router.post("/txt2img")
async def txt2img(request: Request, service: ServiceHere, state: StateHere, body: JsonObject) -> Response:
    return await draw(request, service, state, Txt2ImgBody, body)


@router.post("/img2img")
async def img2img(request: Request, service: ServiceHere, state: StateHere, body: JsonObject) -> Response:
    return await draw(request, service, state, Img2ImgBody, body)


async def draw(
    request: Request, service: Service, state: State, kind: type[Drawing], given: dict[str, Any]
) -> Response:
    """The pictures of a request, once they are drawn; those that are finished if it is interrupted."""
    body = parsed(kind, given)
    warnings = [f"{name!r} has no meaning here" for name in unknown_fields(kind, given)]
    job = await run_in_threadpool(submit, service, state, body, warnings)
    done = await ended(request, service, job.id)
    if done is None:
        return Response(status_code=GONE)
    if done.state == "failed":
        return failure(done)
    return JSONResponse(await run_in_threadpool(answer, service, done, body, warnings))


def submit(service: Service, state: State, body: Drawing, warnings: list[str]) -> Job:
    """The accepted job that `body` asks for; what is to be said of it goes to `warnings`."""
    asked = translated(service, body, state.settings.values)
    warnings += asked.warnings
    job = service.submit(asked.mode, asked.fields, source=SOURCE).job
    if body.force_task_id:
        state.tasks.add(body.force_task_id, job.id)
    if not body.override_settings_restore_afterwards and body.override_settings:
        state.settings.update(service, body.override_settings)
    return job


def failure(job: Job) -> Response:
    """The answer for a job that failed."""
    error: dict[str, Any] = {"code": "internal", "field": None, "message": "it failed"} | (job.error or {})
    status = FAILED.get(error["code"], 500)
    return JSONResponse(shape(status, [error]), status)
