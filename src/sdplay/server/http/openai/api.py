"""All of OpenAI's API, put together."""

from __future__ import annotations

from fastapi import FastAPI

from sdplay.server.http.openai import images, models
from sdplay.server.http.openai.errors import STATUSES, openai_shape

PREFIX = "/v1"


def install(app: FastAPI) -> None:
    """Let `app` answer OpenAI's clients. Their API is described by OpenAI, so our own description leaves it out."""
    app.state.error_shapes[PREFIX] = openai_shape
    app.state.error_statuses[PREFIX] = STATUSES
    for part in (images, models):
        app.include_router(part.router, prefix=PREFIX, include_in_schema=False)
