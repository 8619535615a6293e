"""The queue as a whole."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from sdplay.server.http.native.answers import JobSummary, job_summary
from sdplay.server.http.native.context import PageSize, ServiceHere
from sdplay.server.service import Service

router = APIRouter(prefix="/queue", tags=["queue"])


class QueueAnswer(BaseModel):
    """`jobs` are those that run, then those that wait, in the order in which they will be done."""

    paused: bool
    running: int
    waiting: int
    jobs: list[JobSummary]
    last_event: int


@router.get("")
def get_queue(service: ServiceHere, limit: PageSize = 50) -> QueueAnswer:
    """What runs and what waits."""
    return queue_answer(service, limit)


@router.post("/pause")
def pause_queue(service: ServiceHere) -> QueueAnswer:
    """Begin no more jobs. What runs is finished; jobs are still accepted."""
    service.queue.pause(True)
    return queue_answer(service)


@router.post("/resume")
def resume_queue(service: ServiceHere) -> QueueAnswer:
    """Go on."""
    service.queue.pause(False)
    return queue_answer(service)


def queue_answer(service: Service, limit: int = 50) -> QueueAnswer:
    queue = service.queue
    last_event, jobs = queue.last_event(), queue.waiting(limit)
    running = sum(job.state == "running" for job in jobs)
    places = {job.id: place for place, job in enumerate(jobs)}
    return QueueAnswer(
        paused=queue.paused,
        running=queue.count("running"),
        waiting=queue.count("queued"),
        jobs=[JobSummary(**job_summary(job, places[job.id] if places[job.id] >= running else None)) for job in jobs],
        last_event=last_event,
    )
