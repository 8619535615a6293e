"""The application: its APIs, behind the policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from sdplay.core.errors import SdplayError
from sdplay.server.http import native
from sdplay.server.http.a1111.api import install as install_a1111
from sdplay.server.http.errors import Shape, on_error, on_gone, on_http, on_invalid
from sdplay.server.http.native.first import first
from sdplay.server.http.openai.api import install as install_openai
from sdplay.server.http.policy import COOKIE, Access, Policy
from sdplay.server.page.routes import install as install_page
from sdplay.server.service import Service
from sdplay.version import VERSION


def make_app(service: Service, access: Access) -> ASGIApp:
    """The whole application for `service`, which must be started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        service.hub.attach(asyncio.get_running_loop())
        yield

    app = FastAPI(
        title="Stable Diffusion Playground",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.service = service
    shapes: dict[str, Shape] = {}
    app.state.error_shapes = shapes
    app.state.error_statuses = {}
    app.add_exception_handler(SdplayError, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(ClientDisconnect, on_gone)
    app.include_router(native.router)
    install_a1111(app, service)
    install_openai(app)
    app.openapi = native.description
    app.state.allowed_methods = native.allowed_methods
    install_page(app, partial(first, service), access.token, COOKIE)
    return Policy(app, access, shapes)
