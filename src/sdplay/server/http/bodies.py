"""JSON bodies, read so that nothing in them can hurt later: no NaN, no infinity, no half characters."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, NoReturn, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import BadRequest

LARGE = 2**16  # bytes from which on reading would hold up others


class Malformed(BadRequest):
    """The body is no JSON, or not what JSON can say."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, {} for none at all; raises `Malformed`, or `BadRequest` for other kinds of values."""
    if not body:
        return {}
    try:
        value = json.loads(body.decode(), parse_constant=no_constant, parse_float=finite)
        if b"\\u" in body:  # half a surrogate pair can be written so
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise Malformed("it is nested too deeply", field="body") from None
    except ValueError as error:  # a whole number of thousands of digits as well
        raise Malformed(f"it is no JSON: {str(error)[:100]}", field="body") from None
    if not isinstance(value, dict):
        raise BadRequest("it is not an object", field="body", hint='send {"prompt": "a red apple"}')
    return cast("dict[str, Any]", value)


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that a request has as its body; raises as `parse_object`."""
    body = await request.body()
    return parse_object(body) if len(body) < LARGE else await run_in_threadpool(parse_object, body)


JsonObject = Annotated[dict[str, Any], Depends(read_object)]
