"""`sdplay mcp`, asked over its standard input and output by the client of the official SDK."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image

from sdplay.server.background import stop
from sdplay.server.home import ServiceHome
from sdplay.server.mcp.shown import MOST_BYTES, as_jpeg
from tests.support.patience import PATIENCE
from tests.support.service import RunningService, environment

NAMES = ["draw", "edit", "inpaint", "film", "list_models", "show", "verify"]


def asked(home: Path, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `ask` returns of a client whose server is `sdplay mcp` with this SDPLAY_HOME."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "sdplay", "mcp"], env=environment(home, fake=True)
    )

    async def talk() -> Any:
        async with Client(stdio_client(command), read_timeout_seconds=PATIENCE) as client:
            return await ask(client)

    return asyncio.run(talk())


def called(service: RunningService, tool: str, **arguments: Any) -> CallToolResult:
    return asked(service.home, lambda client: client.call_tool(tool, arguments))


def images(result: CallToolResult) -> list[Image.Image]:
    assert not result.is_error, result.content
    found = [each for each in result.content if isinstance(each, ImageContent)]
    opened = [Image.open(io.BytesIO(base64.b64decode(each.data))) for each in found]
    assert [f"image/{image.format}".lower() for image in opened] == [each.mime_type for each in found]
    return opened


def text(result: CallToolResult) -> str:
    (found,) = (each for each in result.content if isinstance(each, TextContent))
    return found.text


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    return text(result)


def test_tools_and_their_arguments(service: RunningService) -> None:
    listed = asked(service.home, lambda client: client.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert list(tools) == NAMES
    for tool in tools.values():
        assert 0 < len(tool.description) < 200
        for name, field in tool.input_schema["properties"].items():
            assert field["description"], name
            assert "type" in field or "anyOf" in field or "enum" in field or "const" in field, (tool.name, name)
            assert "null" not in json.dumps(field), (tool.name, name)
    steps = tools["draw"].input_schema["properties"]["steps"]
    assert (steps["type"], steps["minimum"], steps["maximum"]) == ("integer", 1, 1000)
    assert tools["edit"].input_schema["required"] == ["image", "prompt"]


def test_draw(service: RunningService) -> None:
    result = called(service, "draw", prompt="a red apple", num=2, seed=7, width=64, height=96, steps=3)
    assert [image.size for image in images(result)] == [(64, 96), (64, 96)]
    assert result.structured_content == json.loads(text(result))
    pictures = result.structured_content["pictures"]
    assert [each["seed"] for each in pictures] == [7, 8]
    for picture in pictures:
        assert list((service.folder / "pictures").rglob(picture["file"]))
        assert service.get(f"/api/v1/pictures/{picture['id']}")["prompt"] == "a red apple"


def test_pictures_go_from_tool_to_tool(service: RunningService, tmp_path: Path) -> None:
    async def ask(client: Client) -> dict[str, CallToolResult]:
        first = await client.call_tool("draw", {"prompt": "a house", "seed": 1, "width": 64, "height": 64})
        number = first.structured_content["pictures"][0]["id"]
        (drawn,) = (each for each in first.content if isinstance(each, ImageContent))
        path = tmp_path / "house.png"
        path.write_bytes(base64.b64decode(drawn.data))
        prompt = {"prompt": "a red roof"}
        return {
            "by id": await client.call_tool("edit", {"image": number, "strength": 0.5, **prompt}),
            "by file": await client.call_tool("edit", {"image": str(path), **prompt}),
            "by content": await client.call_tool("edit", {"image": f"data:image/png;base64,{drawn.data}", **prompt}),
            "area": await client.call_tool("inpaint", {"image": number, "area": [8, 0, 56, 32], **prompt}),
            "extend": await client.call_tool("inpaint", {"image": number, "extend": "left=64", **prompt}),
            "outside": await client.call_tool("inpaint", {"image": number, "area": [8, 0, 56, 65], **prompt}),
            "address": await client.call_tool("edit", {"image": "https://example.com/a.png", **prompt}),
            "missing": await client.call_tool("edit", {"image": str(tmp_path / "nowhere.png"), **prompt}),
            "show": await client.call_tool("show", {"picture": number}),
            "verify": await client.call_tool("verify", {"picture": number}),
            "verify file": await client.call_tool("verify", {"picture": str(path)}),
        }

    results = asked(service.home, ask)
    for name in ("by id", "by file", "by content", "area"):
        assert [image.size for image in images(results[name])] == [(64, 64)], name
    assert [image.size for image in images(results["extend"])] == [(128, 64)]
    assert "area" in refusal(results["outside"])
    assert "is no file" in refusal(results["address"])
    assert "cannot be read" in refusal(results["missing"])
    assert images(results["show"])[0].info["parameters"] == results["show"].structured_content["parameters"]
    assert results["verify"].structured_content["same"] is True
    assert results["verify file"].structured_content["same"] is True


def test_masked_area_is_repainted(service: RunningService) -> None:
    first = called(service, "draw", prompt="a house", seed=2, width=64, height=64).structured_content["pictures"][0]
    result = called(service, "inpaint", image=first["id"], prompt="a door", area=[0, 0, 32, 64], mask_blur=0)
    request = service.request_behind(result.structured_content["pictures"][0]["id"])
    with Image.open(io.BytesIO(service.client.get(f"/api/v1/uploads/{request['mask']}/file").content)) as mask:
        assert mask.getbbox() == (0, 0, 32, 64)


def test_large_pictures_are_shown_small_enough() -> None:
    buffer = io.BytesIO()
    Image.effect_noise((1024, 1024), 100).convert("RGB").save(buffer, "PNG")
    assert len(buffer.getvalue()) > MOST_BYTES
    with Image.open(io.BytesIO(as_jpeg(buffer.getvalue()))) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 1024))


def test_film_and_models(service: RunningService) -> None:
    prompts = ["a red apple", "a green apple"]

    async def ask(client: Client) -> tuple[CallToolResult, CallToolResult]:
        film = await client.call_tool("film", {"prompts": prompts, "num": 4, "width": 64, "height": 64, "steps": 2})
        return film, await client.call_tool("list_models")

    film, models = asked(service.home, ask)
    (first,) = images(film)
    assert first.size == (64, 64)
    (made,) = film.structured_content["pictures"]
    assert service.client.get(f"/api/v1/pictures/{made['id']}/file").content[4:8] == b"ftyp"
    assert "builtin" in [model["name"] for model in models.structured_content["models"]]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("draw", {"prompt": ""}, "prompt"),
    ("draw", {"prompt": "a", "steps": 0}, "steps"),
    ("draw", {"prompt": "a", "model": "nowhere"}, "model"),
    ("draw", {"prompt": "a", "stepss": 1}, "stepss"),
    ("draw", {"prompt": "a", "device": "cuda"}, "device"),
    ("show", {"picture": 10**9}, "there is no such picture"),
    ("show", {}, "picture"),
    ("show", {"picture": "1"}, "picture"),
    ("edit", {"image": True, "prompt": "a"}, "image"),
    ("paint", {}, "there is no such tool"),
]


def test_what_is_wrong_is_said(service: RunningService) -> None:
    async def ask(client: Client) -> list[CallToolResult]:
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in WRONG]

    for result, (tool, _, says) in zip(asked(service.home, ask), WRONG, strict=True):
        assert says in refusal(result), tool


def test_progress_is_told(service: RunningService) -> None:
    told: list[tuple[float, float | None]] = []

    async def ask(client: Client) -> CallToolResult:
        async def progress(done: float, total: float | None, message: str | None) -> None:
            told.append((done, total))

        arguments = {"prompt": "a boat", "steps": 1000, "num": 2, "width": 64, "height": 64}
        return await client.call_tool("draw", arguments, progress_callback=progress)

    assert len(images(asked(service.home, ask))) == 2
    assert told == sorted(told)
    assert {total for _, total in told} == {2.0}


def test_who_does_not_wait_cancels(paused: RunningService) -> None:
    async def ask(client: Client) -> None:
        calling = asyncio.ensure_future(client.call_tool("draw", {"prompt": "a ship"}))
        while not (waiting := paused.get("/api/v1/queue")["jobs"]):
            await asyncio.sleep(0.05)
        calling.cancel()
        while paused.get(f"/api/v1/jobs/{waiting[0]['id']}")["state"] != "cancelled":
            await asyncio.sleep(0.05)

    asked(paused.home, ask)


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Path]:
    """A folder for which no service runs; one that is started is ended."""
    yield tmp_path / "home"
    stop(ServiceHome(tmp_path / "home" / "service"))


def test_a_service_is_started_where_none_runs(nobody: Path) -> None:
    result = asked(
        nobody, lambda client: client.call_tool("draw", {"prompt": "a red apple", "width": 64, "height": 64})
    )
    assert [image.size for image in images(result)] == [(64, 64)]
    assert (nobody / "service" / "running.json").exists()
