"""The line to the service that runs: found by what it says of itself to its owner, or started in the background."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from sdplay.core.errors import SdplayError
from sdplay.server import background
from sdplay.server.home import ServiceHome

PATIENCE = 60.0  # seconds for an answer that takes no drawing


class Unanswered(SdplayError):
    """The service refused, or does not answer; the reason is what it said."""


def service_facts(home: ServiceHome, flags: Sequence[str]) -> dict[str, Any]:
    """Where the service answers, and its token; one is started, with `flags`, if none runs. Raises `SdplayError`."""
    known = background.answering(home)
    if known is not None:
        return known
    try:
        return background.start(home, flags)
    except background.NotStarted:
        known = background.answering(home)  # somebody else was faster
        if known is None:
            raise
        return known


@asynccontextmanager
async def line(facts: Mapping[str, Any]) -> AsyncGenerator[Line]:
    """A line to the service with these `facts`."""
    token = facts.get("token")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = str(facts["url"]).replace("//0.0.0.0:", "//127.0.0.1:")
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False) as client:
        yield Line(client)


class Line:
    """Asks the native API. Everything raises `Unanswered`."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str) -> Any:
        return (await self._ask("GET", path)).json()

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return (await self._ask("POST", path, json=body)).json()

    async def upload(self, content: bytes) -> dict[str, Any]:
        """What the service says of an upload with this `content`."""
        return (await self._ask("POST", "/api/v1/uploads", files={"file": ("picture", content)})).json()

    async def file(self, path: str) -> tuple[bytes, str, str]:
        """(content, media type, file name) of a picture."""
        answer = await self._ask("GET", path)
        name = answer.headers.get("content-disposition", "").partition('filename="')[2].rstrip('"')
        return answer.content, answer.headers["content-type"], name

    async def events(self, job: str) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """What happens to a job until it ends: (type, data)."""
        try:
            async with self._client.stream("GET", f"/api/v1/jobs/{job}/events", timeout=None) as answer:
                kind = ""
                async for text in answer.aiter_lines():
                    if text.startswith("event: "):
                        kind = text.removeprefix("event: ")
                    elif text.startswith("data: "):
                        yield kind, json.loads(text.removeprefix("data: "))
        except httpx2.TransportError as error:
            raise gone(error) from error

    async def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        try:
            answer = await self._client.request(method, path, **more)
        except httpx2.TransportError as error:
            raise gone(error) from error
        if answer.is_success:
            return answer
        raise Unanswered(refusal(answer))


def gone(error: Exception) -> Unanswered:
    return Unanswered(f"the service does not answer ({type(error).__name__}); what it accepted goes on when it starts")


def refusal(answer: httpx2.Response) -> str:
    """Why the service refused, in words."""
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return f"the service answers {answer.status_code}"
    return "; ".join(words(each) for each in error.get("problems") or [error])


def words(problem: Mapping[str, Any]) -> str:
    """A problem as the native API tells it."""
    value = f" = {problem['value']}" if problem.get("value") is not None else ""
    where = f"{problem['field']}{value}: " if problem.get("field") else ""
    return where + str(problem["message"]) + (f" ({problem['hint']})" if problem.get("hint") else "")
