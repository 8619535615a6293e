"""Calls of the tools: each becomes a job of the queue, is waited for, and is answered with its pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

from mcp_types import CallToolResult

from sdplay.core.errors import BadRequest, SdplayError, UnknownName
from sdplay.server.mcp.given import area_mask, upload_of
from sdplay.server.mcp.line import Line, words
from sdplay.server.mcp.shown import failed, image_of, said
from sdplay.server.mcp.tools import PICTURES_GIVEN, Tool, tools

Progress = Callable[[float, float], Awaitable[None]]
COMPLETED = "completed"


async def call(line: Line, name: str, arguments: Mapping[str, Any], progress: Progress) -> CallToolResult:
    """What the tool `name` answers to `arguments`; raises `SdplayError` for what was asked wrongly."""
    tool = tools().get(name)
    if tool is None:
        raise UnknownName("tool", name, tools())
    given = {key: value for key, value in arguments.items() if value is not None}
    if strange := given.keys() - {*tool.fields, *(tool.own or ())}:
        raise UnknownName("argument", min(strange), [*tool.fields, *(tool.own or ())])
    if missing := [each for each in tool.required if each not in given]:
        raise BadRequest("is missing", field=missing[0])
    if name == "list_models":
        return said(await line.get("/api/v1/models"))
    if name == "show":
        return await show(line, given)
    if name == "verify":
        return await verify(line, given, progress)
    return await draw(line, tool, given, progress)


async def draw(line: Line, tool: Tool, given: Mapping[str, Any], progress: Progress) -> CallToolResult:
    """Draw or film, and show what was made."""
    fields = dict(given)
    for name in PICTURES_GIVEN & fields.keys():
        upload = await upload_of(line, fields[name], name)
        fields[name] = upload["id"]
        if name == "image" and "area" in fields:
            mask = area_mask(fields.pop("area"), upload["width"], upload["height"])
            fields["mask"] = (await line.upload(mask))["id"]
    job = await done(line, {"mode": tool.mode, **fields}, progress)
    if job["state"] != COMPLETED:
        return failed(why(job))
    shown = [await image_of(line, picture) for picture in job["pictures"]]
    return said({"job": job["id"], "pictures": [about for _, about in shown]}, [image for image, _ in shown])


async def show(line: Line, given: Mapping[str, Any]) -> CallToolResult:
    """A picture, and how it was made."""
    number = given["picture"]
    if type(number) is not int:
        raise BadRequest("is not the id of a picture", field="picture", value=number)
    picture = await line.get(f"/api/v1/pictures/{number}")
    made = await line.get(picture["made_from"])
    image, about = await image_of(line, picture)
    return said({**about, **{key: made[key] for key in ("mode", "parameters", "request")}}, [image])


async def verify(line: Line, given: Mapping[str, Any], progress: Progress) -> CallToolResult:
    """Whether a picture comes out the same, bit for bit."""
    picture = given["picture"]
    if not isinstance(picture, int):
        picture = (await upload_of(line, picture, "picture"))["id"]
    job = await done(line, {"mode": "verify", "picture": picture}, progress)
    if job["state"] == COMPLETED:
        return said({"same": True, "picture": picture})
    error: dict[str, Any] = job["error"] or {"code": job["state"]}
    if error["code"] == "not-reproduced":
        return said({"same": False, "picture": picture, "differs": error["message"]})
    return failed(why(job))


async def done(line: Line, body: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The job of `body` once it has ended; cancelled if whoever asked does not wait any more."""
    job: dict[str, Any] = await line.post("/api/v1/jobs", body)
    finished = 0
    try:
        async with aclosing(line.events(job["id"])) as events:
            async for kind, data in events:
                if kind == "picture":
                    finished += 1
                elif kind == "step":
                    await progress(*share(data, finished, job["total"]))
    except asyncio.CancelledError:
        with suppress(SdplayError):
            await asyncio.shield(line.post(f"{job['url']}/cancel"))
        raise
    return await line.get(job["url"])


def share(data: Mapping[str, Any], finished: int, total: int) -> tuple[float, float]:
    """(done, of how many) pictures or frames of a job, at a step of it."""
    if "done" in data:
        return data["done"], total
    return min(finished + data["step"] / data["steps"], total), total


def why(job: Mapping[str, Any]) -> str:
    """Why there are no pictures of a job that has ended."""
    return words(job["error"]) if job["error"] else f"the job is {job['state']}"
