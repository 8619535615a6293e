"""`/api/v1`: jobs, events, pictures, uploads, and what there is to know before. One router from one file for each."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from fastapi import APIRouter

from sdplay.server.http.native import (
    about,
    docs,
    draw,
    events,
    films,
    grids,
    jobs,
    live,
    pictures,
    queue,
    read,
    uploads,
)
from sdplay.server.http.native.answers import ErrorAnswer
from sdplay.server.http.native.schema import describe

PREFIX = "/api/v1"
PARAMETER = re.compile(r"\{\w+\}")
REFUSALS = {
    400: "The body is no JSON.",
    401: "A token is needed and was not given.",
    403: "The request comes from a page of another site.",
    404: "There is no such job, picture, upload or model.",
    409: "The job is not in a state in which that can be done.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form.",
    421: "The service does not answer to this name.",
    422: "What was asked for is invalid: `error` says which field, why, and what to do.",
    429: "As many jobs wait as may wait: ask again later.",
    503: "The queue cannot be used just now.",
    507: "No space is left on the disk.",
}

router = APIRouter(
    prefix=PREFIX, responses={status: {"model": ErrorAnswer, "description": says} for status, says in REFUSALS.items()}
)
for part in (jobs, draw, live, queue, events, pictures, films, grids, uploads, read, about, docs):
    router.include_router(part.router)


def allowed_methods(path: str) -> list[str]:
    """The methods that the address `path` has, in all its routes; those with a name in it are meant by others."""
    paths: dict[str, dict[str, Any]] = description()["paths"]
    if path in paths:
        return sorted(method.upper() for method in paths[path])
    found = (methods for template, methods in paths.items() if re.fullmatch(PARAMETER.sub("[^/]+", template), path))
    return sorted(method.upper() for methods in found for method in methods)


@cache
def description() -> dict[str, Any]:
    """The OpenAPI description of this API."""
    return describe(router)
