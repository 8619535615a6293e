"""Live drawing: one picture after another, always of the newest request."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response

from sdplay.images.formats import MEDIA_TYPES, Format
from sdplay.images.write import encode
from sdplay.server.clients import formats_of
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import Responses, ServiceHere
from sdplay.server.http.native.jobs import parted
from sdplay.server.http.native.schema import FORMAT, json_body
from sdplay.server.live import Live, Turn
from sdplay.version import VERSION

router = APIRouter(tags=["jobs"])
LOOK = 0.5  # seconds between two looks at whether somebody still waits
many = CapacityLimiter(16)  # those that are superseded leave within a step
SESSION = Query(
    min_length=1, max_length=64, description="Who asks: what is newer of the same supersedes what is older."
)
PICTURE: Responses = {200: {"description": "The picture.", "content": {"image/*": {}}}}


@router.post("/live", response_class=Response, responses=PICTURE, openapi_extra=json_body("JobRequest"))
async def draw_live(
    request: Request, service: ServiceHere, body: JsonObject, session: Annotated[str, SESSION]
) -> Response:
    """Draw the first picture of a request at once, before all jobs, and answer with it: nothing is kept, and nobody
    else hears of it. A newer request of the same session supersedes it: 409. Pictures may be given as data addresses
    as well. The headers `Sdplay-Seed`, `Sdplay-Seconds` and `Sdplay-Recipe` say how to have it again: the same request
    with this seed, as a job, draws it bit for bit.
    """
    mode, _, fields = parted(body)
    kind: Any = fields.get(FORMAT) or formats_of(mode)[0]
    fields = service.without_options(mode, fields)
    turn = service.live.turn(session)
    drawing = asyncio.ensure_future(to_thread.run_sync(drawn, service.live, turn, mode, fields, kind, limiter=many))
    try:
        while not (await asyncio.wait({drawing}, timeout=LOOK))[0]:
            if await request.is_disconnected():
                turn.give_up()
    finally:
        turn.give_up()
    return await drawing


def drawn(live: Live, turn: Turn, mode: str, fields: dict[str, Any], kind: Format) -> Response:
    """The answer with the picture of a request."""
    picture = live.draw(turn, mode, fields)
    headers = {
        "Sdplay-Seed": str(picture.seed),
        "Sdplay-Seconds": f"{picture.seconds:.3f}",
        "Sdplay-Recipe": picture.recipe.digest,
        "Cache-Control": "no-store",
    }
    return Response(encode(picture, kind, VERSION), media_type=MEDIA_TYPES[kind], headers=headers)
