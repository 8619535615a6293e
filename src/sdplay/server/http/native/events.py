"""What happens, as server-sent events: of all jobs, or of one. Nothing is missed between what was and what comes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import SdplayError
from sdplay.server.http.errors import as_json
from sdplay.server.http.native.context import JobName, Responses, ServiceHere
from sdplay.server.hub import END, RESET, Listener
from sdplay.server.records import ENDED, Change
from sdplay.server.service import QueueFull, Service

router = APIRouter(tags=["events"])
HEARTBEAT, BEAT = 15.0, b": still here\n\n"
RETRY = b"retry: 2000\n\n"
PAGE = 500
KEPT = 256
MOST_LISTENERS = 1000
EVENT_NUMBER = r"^\d{1,18}$"
STREAM: Responses = {200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
Last = Annotated[str | None, Header(alias="Last-Event-ID", pattern=EVENT_NUMBER, description="Go on after this event.")]
After = Annotated[int | None, Query(ge=0, lt=10**18, description="As `Last-Event-ID`, which wins over it.")]


class Written:
    """Changes as they are sent. One that many listen to is written once."""

    def __init__(self) -> None:
        self._written: OrderedDict[int, tuple[Change, bytes]] = OrderedDict()

    def text(self, change: Change) -> bytes:
        known = self._written.get(id(change))
        if known is not None and known[0] is change:
            return known[1]
        number = f"id: {change.id}\n" if change.id is not None else ""
        data = as_json({"job": change.job, **change.data})
        text = f"{number}event: {change.type}\ndata: {data}\n\n".encode()
        self._written[id(change)] = change, text
        if len(self._written) > KEPT:
            self._written.popitem(last=False)
        return text


written = Written()


@router.get("/events", response_class=StreamingResponse, responses=STREAM)
async def all_events(service: ServiceHere, last_event_id: Last = None, after: After = None) -> Response:
    """Everything that happens: queued, started, step (with a preview), picture, finished, moved, paused, resumed,
    forgotten, changed (pictures of the gallery: `how` is found, marked, trashed, restored, gone, deleted or changed).
    `reset` says that events are gone which were asked for: read the state again.
    """
    start = int(last_event_id) if last_event_id is not None else after
    if start is None:  # asked before the answer begins: who hands in a job then hears of it
        start = await run_in_threadpool(service.queue.last_event)
    return stream(service, None, start)


@router.get(
    "/jobs/{name}/events",
    response_class=StreamingResponse,
    responses=STREAM | {204: {"description": "The job has ended, and everything was told."}},
)
async def job_events(service: ServiceHere, name: JobName, last_event_id: Last = None, after: After = None) -> Response:
    """What happens to a job, from its beginning; ends when the job does."""
    job = await run_in_threadpool(service.job, name)
    start = int(last_event_id) if last_event_id is not None else after
    if start is not None and job.state in ENDED:
        more = await run_in_threadpool(service.queue.events_after, start, name, 1)
        if not more:
            return Response(status_code=204)
    return stream(service, name, start if start is not None else 0)


def stream(service: Service, job: str | None, start: int) -> StreamingResponse:
    """The answer; raises `QueueFull` where as many listen already as may."""
    if service.hub.listeners >= MOST_LISTENERS:
        raise QueueFull(f"{MOST_LISTENERS} listen already", hint="close some, or listen to fewer jobs")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told(service, job, start), media_type="text/event-stream", headers=headers)


async def told(service: Service, job: str | None, start: int) -> AsyncGenerator[bytes]:
    """First what happened after event `start`, from the database, then what happens: listening begins before the
    database is asked, and what comes both ways is told once.
    """
    async with service.hub.listening(job) as listener:
        yield RETRY
        last = start
        try:
            async for change in happened(service, job, last):
                yield written.text(change)
                last = change.id or last
                if is_end(change, job):
                    return
            if job is not None and (end := await run_in_threadpool(forgotten_end, service, job, last)) is not None:
                yield written.text(end)
                return
            for name in [job] if job is not None else service.workshop.running:
                service.hub.catch_up(listener, name)  # so that whoever comes later sees how far it is
            async for changes in live(listener, last):
                yield b"".join(map(written.text, changes)) or BEAT
                if any(change is RESET or is_end(change, job) for change in changes):
                    return
        except SdplayError:  # the database cannot be read just now: whoever listens comes back
            return


async def happened(service: Service, job: str | None, last: int) -> AsyncIterator[Change]:
    """What the database has after event `last`; a reset where it does not have all of that."""
    if not await run_in_threadpool(service.queue.remembers, last):
        yield RESET
        return
    while changes := await run_in_threadpool(service.queue.events_after, last, job, PAGE):
        for change in changes:
            yield change
        last = changes[-1].id or last


def forgotten_end(service: Service, job: str, last: int) -> Change | None:
    """The end of a job that ended so long ago that its events are gone; None where it is still to be told."""
    state = service.job(job).state
    if state not in ENDED or service.queue.events_after(last, job, 1):
        return None
    return Change(type="finished", job=job, data={"state": state})


async def live(listener: Listener, last: int) -> AsyncIterator[list[Change]]:
    """What happens from now on, [] where nothing did for a while; ends with the service."""
    while END not in (changes := await listener.batch(HEARTBEAT)):
        new = [change for change in changes if change.id is None or change.id > last]
        if new or not changes:
            yield new


def is_end(change: Change, job: str | None) -> bool:
    return job is not None and change.type in {"finished", "forgotten"} and change.job == job
