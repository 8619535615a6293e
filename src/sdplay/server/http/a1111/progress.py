"""How far things are, and stopping them: for all, as A1111 has it, and for one task."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from sdplay.server.http.a1111.answers import timestamp
from sdplay.server.http.a1111.bodies import ProgressBody, parsed
from sdplay.server.http.a1111.state import SOURCE, StateHere
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.records import ENDED, Job
from sdplay.server.service import Conflict, NotFound, Service

router = APIRouter(prefix="/sdapi/v1")
internal = APIRouter(prefix="/internal")
BEGUN = 0.01  # what A1111 says of a job of which nothing is done yet
SEEN = 20  # jobs among which the current one is: those that run come first
IDLE = {
    "skipped": False,
    "interrupted": False,
    "stopping_generation": False,
    "job": "",
    "job_count": 0,
    "job_timestamp": "0",
    "job_no": 0,
    "sampling_step": 0,
    "sampling_steps": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is: `share` 0 to 1, the step of the picture that is drawn, and a small picture of it."""

    share: float
    step: int = 0
    steps: int = 0
    preview: str | None = None


def progress_of(service: Service, job: Job) -> Progress:
    if job.state in ENDED:
        return Progress(share=1.0)
    change = service.hub.progress(job.id)
    total = max(job.total, 1)
    if change is None or "step" not in change.data:  # films say how many frames are done
        return Progress(share=min(1.0, max(BEGUN, job.done / total)))
    indices, step, steps = change.data["indices"], int(change.data["step"]), int(change.data["steps"])
    begun = len(indices) if max(indices) >= job.done else 0  # else that picture is among the finished ones
    share = (job.done + begun * step / max(steps, 1)) / total
    return Progress(share=min(1.0, max(BEGUN, share)), step=step, steps=steps, preview=change.data.get("preview"))


def seconds_left(job: Job, share: float) -> float:
    """As long again as what is done took, in proportion."""
    if job.started is None or share <= BEGUN:
        return 0.0
    return round((time.time() - job.started) * (1 - share) / share, 1)


def current_job(service: Service) -> Job | None:
    """What A1111's one state is about: a client's running job, another one, or the first that waits."""
    jobs = service.queue.waiting(SEEN)
    running = [job for job in jobs if job.state == "running"]
    return next((job for job in running if job.source == SOURCE), None) or next(iter(running or jobs), None)


@router.get("/progress")
def progress(service: ServiceHere, state: StateHere, skip_current_image: bool = False) -> dict[str, Any]:
    """How far the current job is; 0 where nothing is done and nothing waits."""
    job = current_job(service)
    if job is None:
        idle = {"progress": 0.0, "eta_relative": 0.0, "state": IDLE, "current_image": None, "textinfo": None}
        return idle | {"current_task": None}
    far, stopping = progress_of(service, job), service.queue.is_cancelling(job.id)
    now = {
        "interrupted": stopping,
        "stopping_generation": stopping,
        "job": state.tasks.task(job),
        "job_count": job.total,
        "job_timestamp": timestamp(job),
        "job_no": job.done,
        "sampling_step": far.step,
        "sampling_steps": far.steps,
    }
    preview = far.preview.partition(",")[2] if far.preview and not skip_current_image else None
    return {
        "progress": round(far.share, 4),
        "eta_relative": seconds_left(job, far.share),
        "state": IDLE | now,
        "current_image": preview,
        "textinfo": None if job.state == "running" else "Waiting in the queue",
        "current_task": state.tasks.task(job),
    }


@internal.post("/progress")
def task_progress(service: ServiceHere, state: StateHere, body: JsonObject) -> dict[str, Any]:
    """How far one task is; one that there is not is neither active nor queued nor completed."""
    asked = parsed(ProgressBody, body)
    name = state.tasks.job(asked.id_task)
    job = service.queue.job(name) if name is not None else None
    said: dict[str, Any] = {"active": False, "queued": False, "completed": False, "progress": None, "eta": None}
    said |= {"live_preview": None, "id_live_preview": asked.id_live_preview, "textinfo": None}
    if job is None:
        return said
    if job.state == "queued":
        place = service.queue.place(job.id)
        return said | {"queued": True, "textinfo": f"In queue: {(place or 0) + 1}/{service.queue.count('queued')}"}
    if job.state in ENDED:
        return said | {"completed": True}
    far = progress_of(service, job)
    said |= {"active": True, "progress": round(far.share, 4), "eta": seconds_left(job, far.share)}
    number = job.done * 10_000 + far.step
    if asked.live_preview and far.preview is not None and number != asked.id_live_preview:
        said |= {"live_preview": far.preview, "id_live_preview": number}
    return said


@internal.get("/ping")
def ping() -> dict[str, Any]:
    return {}


@internal.get("/pending-tasks")
def pending(service: ServiceHere, state: StateHere) -> dict[str, Any]:
    """The tasks that wait, of all clients."""
    waiting = [job for job in service.queue.waiting() if job.state == "queued"]
    return {"size": len(waiting), "tasks": [state.tasks.task(job) for job in waiting]}


@router.post("/interrupt")
def interrupt(service: ServiceHere) -> dict[str, Any]:
    """Stop what these clients have drawn now, or wait for first; nothing of others. Who waits gets what is finished."""
    own = [job for job in service.queue.waiting() if job.source == SOURCE]
    for job in [job for job in own if job.state == "running"] or own[:1]:
        with suppress(Conflict, NotFound):  # it has ended meanwhile
            service.cancel(job.id)
    return {}


@router.post("/skip")
def skip(service: ServiceHere) -> dict[str, Any]:
    """Go on with the next picture of what these clients have drawn now."""
    for job in service.queue.waiting(SEEN):
        if job.source == SOURCE and job.state == "running":
            service.workshop.skip(job.id)
    return {}
