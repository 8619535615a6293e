"""The description of this API for programs, and a page of it for people that asks no other server for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent / "static"
KINDS = {"docs.js": "text/javascript", "docs.css": "text/css"}


@router.get("/openapi.json")
async def openapi(request: Request) -> Any:
    """The OpenAPI description."""
    return request.app.openapi()


@router.get("/docs")
async def docs() -> FileResponse:
    """The page."""
    return FileResponse(STATIC / "docs.html", media_type="text/html")


@router.get("/docs/{name}")
async def docs_part(name: Literal["docs.js", "docs.css"]) -> FileResponse:
    """What the page is made of."""
    return FileResponse(STATIC / name, media_type=KINDS[name])
