"""Jobs: handed in, listed, stopped, tried again, moved, forgotten; and what they would be, before anything is drawn."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from sdplay.core.errors import BadRequest
from sdplay.pipeline.explain import Explanation
from sdplay.server.control_map import control_map
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.answers import JOB_ROUTE, JobAnswer, JobList, JobSummary, job_answer, job_summary
from sdplay.server.http.native.context import JobName, PageSize, Responses, ServiceHere, at_leisure, next_of
from sdplay.server.http.native.schema import json_body
from sdplay.server.plans import Plan, explain, plan
from sdplay.server.records import State

router = APIRouter(tags=["jobs"])
MODE, PRIORITY = "mode", "priority"
MOST_PRIORITY = 1000
PNG: Responses = {200: {"description": "A picture.", "content": {"image/png": {}}}}
KEY = Header(max_length=200, description="The same request under the same key is accepted once, however often sent.")


def parted(body: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
    """(mode, priority, fields of the request) in the body of a job; raises `BadRequest`."""
    fields = dict(body)
    mode, priority = fields.pop(MODE, None) or "txt2img", fields.pop(PRIORITY, None) or 0
    if not isinstance(mode, str):
        raise BadRequest("is not the name of a mode", field=MODE, value=mode)
    return mode, checked_priority(priority), fields


def checked_priority(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_PRIORITY:
        raise BadRequest(f"is no whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}", field=PRIORITY, value=value)
    return value


@router.post("/jobs", status_code=202, openapi_extra=json_body("JobRequest"))
def submit(
    service: ServiceHere,
    response: Response,
    body: JsonObject,
    idempotency_key: Annotated[str | None, KEY] = None,
) -> JobAnswer:
    """Hand in a job. It is on the disk when this answers, and is done whatever happens to the service."""
    mode, priority, fields = parted(body)
    accepted = service.submit(mode, fields, key=idempotency_key, priority=priority)
    response.headers["Location"] = f"{JOB_ROUTE}/{accepted.job.id}"
    return job_answer(service, accepted.job)


@router.get("/jobs")
def list_jobs(
    service: ServiceHere,
    state: Annotated[list[State] | None, Query(description="Only jobs in these states.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: PageSize = 50,
) -> JobList:
    """Jobs, the newest first."""
    last_event = service.queue.last_event()
    jobs = service.queue.jobs(states=state or (), before=before, limit=limit)
    told = [JobSummary(**job_summary(job)) for job in jobs]
    return JobList(jobs=told, next=next_of(jobs, limit), last_event=last_event)


@router.get("/jobs/{name}")
def get_job(service: ServiceHere, name: JobName) -> JobAnswer:
    """A job: how far it is, and its pictures as they come."""
    return job_answer(service, service.job(name))


@router.post("/jobs/{name}/cancel")
def cancel_job(service: ServiceHere, name: JobName) -> JobAnswer:
    """Stop a job: at once if it waits, after its current step if it runs. 409 if it has ended."""
    return job_answer(service, service.cancel(name))


@router.post("/jobs/{name}/retry")
def retry_job(service: ServiceHere, name: JobName) -> JobAnswer:
    """Let a job that failed or was cancelled be done again. 409 for others."""
    return job_answer(service, service.retry(name))


@router.post("/jobs/{name}/move", openapi_extra=json_body("Move"))
def move_job(service: ServiceHere, name: JobName, body: JsonObject) -> JobAnswer:
    """Give a waiting job another priority or another place. 409 if one of the jobs does not wait."""
    if strange := body.keys() - {PRIORITY, "before"}:
        raise BadRequest("is not known", field=min(strange), hint="`priority` or `before`")
    before, priority = body.get("before"), body.get(PRIORITY)
    if before is not None and not isinstance(before, str):
        raise BadRequest("is not the id of a job", field="before", value=before, hint='"" is the first place')
    if priority is None and before is None:
        raise BadRequest("nothing is to be changed", field=PRIORITY, hint="give `priority` or `before`")
    checked = checked_priority(priority) if priority is not None else None
    return job_answer(service, service.move(name, priority=checked, before=before))


@router.delete("/jobs/{name}", status_code=204)
def forget_job(service: ServiceHere, name: JobName) -> None:
    """Take an ended job out of the list; its pictures stay. 409 if it has not ended."""
    service.forget(name)


@router.post("/plan", openapi_extra=json_body("JobRequest"))
async def plan_job(service: ServiceHere, body: JsonObject) -> Plan:
    """What a job would be, the memory it takes, and how long: nothing is drawn and nothing is kept."""
    mode, _, fields = parted(body)
    return await at_leisure(plan, service, mode, fields)


@router.post("/explain", openapi_extra=json_body("Txt2ImgRequest"))
async def explain_prompt(service: ServiceHere, body: JsonObject) -> Explanation:
    """What the model reads of the prompts: choices made, chunks of tokens, weights, what is cut off."""
    mode, _, fields = parted(body)
    return await at_leisure(explain, service, mode, fields)


@router.post("/control_map", response_class=Response, responses=PNG, openapi_extra=json_body("JobRequest"))
async def show_control_map(service: ServiceHere, body: JsonObject) -> Response:
    """What the ControlNet of a job would read of its control image: the edges, as a picture."""
    mode, _, fields = parted(body)
    return Response(await at_leisure(control_map, service, mode, fields), media_type="image/png")
