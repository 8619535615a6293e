"""Wait for a job to end, on behalf of a client that waits for the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from sdplay.server.hub import END, Listener
from sdplay.server.records import ENDED, Job
from sdplay.server.service import Conflict, NotFound, Service

LOOK = 0.25  # seconds between two looks at whether the client is there
PATIENCE = 5.0  # seconds after which the queue is asked itself


async def ended(request: Request, service: Service, name: str) -> Job | None:
    """The job once it has ended; None once the client has gone, whose job is cancelled then.

    Raises 503 where the service ends first: the job goes on after the next start.
    """
    async with service.hub.listening(name) as listener:
        while True:
            job = await run_in_threadpool(service.job, name)
            if job.state in ENDED:
                return job
            if not await something_happened(request, listener):
                with suppress(Conflict, NotFound):  # it has ended meanwhile
                    await run_in_threadpool(service.cancel, name)
                return None


async def something_happened(request: Request, listener: Listener) -> bool:
    """True once the job may have ended, False once the client has gone; raises 503 where the service ends."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        change = await listener.next(LOOK)
        if change is END:
            raise HTTPException(503, "the service ends; the job goes on after its next start")
        if await request.is_disconnected():
            return False
        if change is not None and change.type in {"finished", "reset"}:
            return True
    return True
