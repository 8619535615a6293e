"""What the routes of the native API share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Query, Request

from sdplay.server.records import Job
from sdplay.server.service import Service

Responses = dict[int | str, dict[str, Any]]  # what FastAPI takes of other answers
T = TypeVar("T")
few = CapacityLimiter(4)
LARGEST_PAGE = 500
LARGEST_NUMBER = 2**63 - 1


async def at_leisure(function: Callable[..., T], *arguments: Any) -> T:
    """What `function(*arguments)` gives, in a thread of the few that are for what may take seconds, so that quick
    requests never wait for those.
    """
    return await to_thread.run_sync(partial(function, *arguments), limiter=few)


async def the_service(request: Request) -> Service:
    return request.app.state.service


ServiceHere = Annotated[Service, Depends(the_service)]
JobName = Annotated[str, Path(max_length=64, description="The id of a job.")]
PictureNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="The number of a picture.")]
UploadName = Annotated[str, Path(max_length=64, description="The id of an upload.")]
PageSize = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]


def next_of(jobs: Sequence[Job], limit: int) -> str | None:
    """What to ask for the page after one of `limit` jobs with; None where it was the last."""
    return jobs[-1].id if len(jobs) == limit else None
