"""Waiting for a job on behalf of a client: one that goes away takes its job along."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import SdplayError, StoreError
from sdplay.server.hub import END, RESET
from sdplay.server.records import ENDED, Change, Job
from sdplay.server.service import Service

PATIENCE = 2.0  # seconds between two looks at whether the client is still there
TELLING = ("finished", RESET.type)


class Gone(Exception):
    """Nobody waits for the answer any more."""


async def happenings(service: Service, job: str, request: Request) -> AsyncGenerator[Change | None]:
    """What happens to a job until it ends, None where nothing did for a while.

    The job is cancelled when the client goes away, which raises `Gone`, and when this generator is closed before.
    Raises `StoreError` when the service ends.
    """
    ended = False
    try:
        async with service.hub.listening(job) as listener:
            ended = await has_ended(service, job)
            while not ended:
                change = await listener.next(PATIENCE)
                if change is END:
                    ended = True
                    raise StoreError("the service ends; the job goes on after its next start", field="job", value=job)
                if await request.is_disconnected():
                    raise Gone
                yield change
                if change is None or change.type in TELLING:
                    ended = await has_ended(service, job)
    finally:
        if not ended:
            with suppress(SdplayError):
                service.cancel(job)


async def has_ended(service: Service, job: str) -> bool:
    return (await run_in_threadpool(service.job, job)).state in ENDED


async def ended(service: Service, job: str, request: Request) -> Job:
    """The job once it has ended; raises `Gone`."""
    async with aclosing(happenings(service, job, request)) as changes:
        async for _ in changes:
            pass
    return await run_in_threadpool(service.job, job)
