"""All of A1111's API, put together."""

from __future__ import annotations

from fastapi import FastAPI

from sdplay.server.http.a1111 import controlnet, draw, extras, lists, progress, settings
from sdplay.server.http.a1111.errors import shape
from sdplay.server.http.a1111.options import Settings
from sdplay.server.http.a1111.state import State
from sdplay.server.service import Service

PREFIXES = ("/sdapi/", "/internal/", "/controlnet/")
ROUTERS = (
    draw.router,
    progress.router,
    progress.internal,
    settings.router,
    lists.router,
    extras.router,
    controlnet.router,
)
FILE = "a1111-options.json"


def install(app: FastAPI, service: Service) -> None:
    """Let `app` answer A1111's clients. Their API is described by A1111, so our own description leaves it out."""
    app.state.a1111 = State(settings=Settings.read(service.home.folder / FILE))
    for prefix in PREFIXES:
        app.state.error_shapes[prefix] = shape
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
