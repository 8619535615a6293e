"""Pictures that agents give: the id of one that was drawn, a file of this computer, or the content itself."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any, cast

import numpy as np

from sdplay.core.errors import BadRequest
from sdplay.files.regular import read_regular
from sdplay.images.read import png
from sdplay.server.mcp.line import Line

DATA = re.compile(r"data:image/[a-z0-9.+-]+;base64,", re.IGNORECASE)
LARGEST = 32 * 2**20


async def upload_of(line: Line, given: Any, name: str) -> dict[str, Any]:
    """What the service says of the upload that the picture `given` as `name` is now; raises `BadRequest`."""
    if isinstance(given, int) and not isinstance(given, bool):
        content, _, _ = await line.file(f"/api/v1/pictures/{given}/file")
    elif isinstance(given, str):
        content = content_of(given, name)
    else:
        raise BadRequest("is no picture", field=name, value=given, hint="the id of a picture, or the path of a file")
    return await line.upload(content)


def content_of(text: str, name: str) -> bytes:
    """The content of a data: address or of a file; raises `BadRequest`."""
    if beginning := DATA.match(text):
        try:
            return base64.b64decode(text[beginning.end() :], validate=True)
        except binascii.Error:
            raise BadRequest("is no base64", field=name, value=text) from None
    if "\0" in text or re.match(r"\w+://", text):
        raise BadRequest("is no file", field=name, value=text, hint="addresses of the web are not taken")
    try:
        return read_regular(Path(text).expanduser(), LARGEST)
    except (OSError, ValueError) as error:
        raise BadRequest(f"cannot be read: {error}", field=name, value=text) from None


def area_mask(area: Any, width: int, height: int) -> bytes:
    """The PNG of a mask that is white in `area` (left, top, right, bottom); raises `BadRequest`."""
    sides = cast("list[Any]", area) if isinstance(area, list) else []
    if len(sides) != 4 or not all(type(each) is int for each in sides):
        raise BadRequest("is not four whole numbers", field="area", value=sides, hint="left, top, right, bottom")
    left, top, right, bottom = sides
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        hint = f"left before right, top before bottom, within {width}x{height}"
        raise BadRequest("is no area of the picture", field="area", value=sides, hint=hint)
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 255
    return png(mask)
