"""What agents are shown: pictures as images, and what there is to say of them as JSON."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent
from PIL import Image

from sdplay.server.mcp.line import Line

MOST_BYTES = 700_000  # of a picture that is sent as it is: clients take about a million characters of base64
QUALITY = 90


def said(data: Mapping[str, Any], images: Sequence[ContentBlock] = ()) -> CallToolResult:
    """`images`, and `data` for programs as for readers."""
    text = TextContent(type="text", text=json.dumps(data, ensure_ascii=False))
    return CallToolResult(content=[*images, text], structured_content=dict(data))


def failed(reason: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=reason)], is_error=True)


async def image_of(line: Line, picture: Mapping[str, Any]) -> tuple[ImageContent, dict[str, Any]]:
    """A picture, or the first one of a film; and its id, seed, size and file name."""
    content, kind, name = await line.file(picture["file"])
    about = {key: picture[key] for key in ("id", "seed", "width", "height")} | {"file": name}
    if kind.startswith("video/"):
        content, kind, _ = await line.file(picture["thumbnail"])
    elif len(content) > MOST_BYTES:
        content, kind = as_jpeg(content), "image/jpeg"
        about["shown_as"] = kind
    return ImageContent(type="image", data=base64.b64encode(content).decode(), mime_type=kind), about


def as_jpeg(content: bytes) -> bytes:
    """The JPEG of a picture whose file is large."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
