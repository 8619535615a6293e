"""Errors as answers: the same tree, as JSON, with the HTTP status of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sdplay.core.errors import (
    BadRequest,
    DiskFull,
    ModelBroken,
    NotReproduced,
    RenderFailed,
    SdplayError,
    StoreError,
)
from sdplay.server.http.bodies import Malformed
from sdplay.server.live import Superseded
from sdplay.server.problems import clean, described
from sdplay.server.service import Conflict, NotFound, QueueFull

STATUS: tuple[tuple[type[SdplayError], int], ...] = (
    (NotFound, 404),
    (Malformed, 400),
    (Conflict, 409),
    (Superseded, 409),
    (BadRequest, 422),
    (ModelBroken, 422),
    (NotReproduced, 409),
    (RenderFailed, 503),
    (QueueFull, 429),
    (DiskFull, 507),
    (StoreError, 503),
)
RETRY_AFTER = "10"
BAD_REQUEST, METHOD_NOT_ALLOWED = 400, 405

Shape = Callable[[int, list[dict[str, Any]]], Any]
UNCHANGED: Mapping[int, int] = {}


def status_of(error: SdplayError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def native_shape(status: int, problems: list[dict[str, Any]]) -> Any:
    first = problems[0]
    return {"error": {**first, "problems": problems} if len(problems) > 1 else first}


def error_response(
    error: SdplayError, shape: Shape = native_shape, statuses: Mapping[int, int] = UNCHANGED
) -> Response:
    """The answer that says `error`; `statuses` are other statuses for some of ours."""
    status = statuses.get(known := status_of(error), known)
    headers = {"Retry-After": RETRY_AFTER} if status in {429, 503} else None
    return JSONResponse(shape(status, described(error)), status, headers)


def invalid(error: RequestValidationError) -> list[dict[str, Any]]:
    """What FastAPI says of a body or a query, without its input, which may be nothing that JSON can hold."""
    return [
        {
            "code": "bad-request",
            "field": clean(".".join(str(part) for part in each["loc"][1:])) or None,
            "value": None,
            "message": clean(str(each["msg"])),
            "hint": "",
        }
        for each in error.errors()
    ]


def shape_for(request: Request) -> Shape:
    """How errors look in the API that `request` is for."""
    return shape_of(request.url.path, request.app.state.error_shapes)


def shape_of(path: str, shapes: Mapping[str, Shape]) -> Shape:
    return next((shape for prefix, shape in shapes.items() if path.startswith(prefix)), native_shape)


def statuses_for(request: Request) -> Mapping[int, int]:
    """The statuses that the API that `request` is for has in place of ours."""
    statuses: dict[str, Mapping[int, int]] = request.app.state.error_statuses
    return next((own for prefix, own in statuses.items() if request.url.path.startswith(prefix)), UNCHANGED)


async def on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SdplayError)
    return error_response(error, shape_for(request), statuses_for(request))


async def on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    malformed = any(each["type"] == "json_invalid" for each in error.errors())
    status = 400 if malformed else statuses_for(request).get(422, 422)
    return JSONResponse(shape_for(request)(status, invalid(error)), status)


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = {"code": "http", "field": None, "value": None, "message": str(error.detail), "hint": ""}
    headers = dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:  # what comes with the error are the methods of one route alone
        methods: list[str] = request.app.state.allowed_methods(request.url.path)
        headers |= {"Allow": ", ".join(methods)} if methods else {}
    return JSONResponse(shape_for(request)(error.status_code, [problem]), error.status_code, headers)


async def on_gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client went away before its body was whole."""
    return Response(status_code=BAD_REQUEST)


def as_json(value: Any) -> str:
    """One line of JSON that UTF-8 can hold."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
