"""Pictures as they emerge, as OpenAI's events: previews, then each picture."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

from sdplay.core.errors import SdplayError
from sdplay.server.http.errors import as_json, status_of
from sdplay.server.http.openai.answers import NO_TOKENS, Answer, failure
from sdplay.server.http.openai.errors import openai_shape
from sdplay.server.http.openai.waiting import Gone, happenings
from sdplay.server.problems import described
from sdplay.server.records import Change, StoredPicture

BEAT = b": still drawing\n\n"


class Previews:
    """Which of the previews of each picture are told: as many as were asked for, evenly over its steps."""

    def __init__(self, most: int) -> None:
        self._most, self._told = most, dict[int, int]()

    def number(self, data: dict[str, Any]) -> int | None:
        """The number that the preview in `data` is told as, None where it is not."""
        if "preview" not in data:
            return None
        index = data["indices"][0]
        told = self._told.get(index, 0)
        if told >= self._most or data["step"] * (self._most + 1) < data["steps"] * (told + 1):
            return None
        self._told[index] = told + 1
        return told


async def told(answer: Answer, job: str, kind: str, request: Request) -> AsyncGenerator[bytes]:
    """The events of `kind`, image_generation or image_edit; a job that fails ends with an error."""
    previews, pictures = Previews(answer.asked.partial_images), 0
    try:
        async with aclosing(happenings(answer.service, job, request)) as changes:
            async for change in changes:
                if change is None:
                    yield BEAT
                elif change.type == "step" and (number := previews.number(change.data)) is not None:
                    yield partial_image(answer, kind, change, number)
                elif change.type == "picture":
                    for picture in await new_pictures(answer, job, pictures):
                        yield await run_in_threadpool(completed, answer, kind, picture)
                        pictures += 1
    except Gone:
        return
    except SdplayError as error:
        yield event("error", openai_shape(status_of(error), described(error)))
        return
    for picture in await new_pictures(answer, job, pictures):
        yield await run_in_threadpool(completed, answer, kind, picture)
    state = await run_in_threadpool(answer.service.job, job)
    if state.state != "completed":
        yield event("error", failure(state)[1])


async def new_pictures(answer: Answer, job: str, told: int) -> list[StoredPicture]:
    """The pictures of a job but for those that were told."""
    pictures = await run_in_threadpool(answer.service.gallery.pictures, job=job, limit=answer.asked.n)
    return pictures[told:]


def partial_image(answer: Answer, kind: str, change: Change, number: int) -> bytes:
    preview = str(change.data["preview"]).partition(",")[2]
    data = {
        "b64_json": converted(preview, answer.asked.output_format),
        "partial_image_index": number,
        "created_at": int(time.time()),
        **answer.options(answer.asked.size),
    }
    return event(f"{kind}.partial_image", data)


def completed(answer: Answer, kind: str, picture: StoredPicture) -> bytes:
    data = {
        "b64_json": answer.content(picture),
        "created_at": int(picture.created),
        **answer.options(f"{picture.width}x{picture.height}"),
        "usage": NO_TOKENS,
        "id": picture.id,
        "seed": picture.seed,
    }
    return event(f"{kind}.completed", data)


def converted(preview: str, kind: str) -> str:
    """A preview, which is a JPEG, in the format that was asked for."""
    if kind == "jpeg":
        return preview
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(preview)), formats=("JPEG",)) as image:
        image.save(buffer, kind.upper())
    return base64.b64encode(buffer.getvalue()).decode()


def event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {as_json({'type': kind, **data})}\n\n".encode()
