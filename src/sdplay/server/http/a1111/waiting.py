"""Wait for a job to end, on behalf of a client that waits for the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from sdplay.server.hub import Listener
from sdplay.server.records import ENDED, Job
from sdplay.server.service import Conflict, NotFound, Service

LOOK = 0.25  # seconds between two looks at whether the client is there
PATIENCE = 5.0  # seconds after which the queue is asked itself


async def ended(request: Request, service: Service, name: str) -> Job | None:
    """The job once it has ended; None once the client has gone, whose job is cancelled then."""
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
    """True once the job may have ended, False once the client has gone."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        change = await listener.next(LOOK)
        if await request.is_disconnected():
            return False
        if change is not None and change.type in {"finished", "reset"}:
            return True
    return True
