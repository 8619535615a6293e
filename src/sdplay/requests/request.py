"""The kinds of requests for single pictures, and which one some fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img

AnyStill = Txt2Img | Img2Img | Inpaint
STILLS: dict[str, type[AnyStill]] = {"txt2img": Txt2Img, "img2img": Img2Img, "inpaint": Inpaint}


def kind_of(fields: Mapping[str, Any]) -> type[AnyStill]:
    """The kind of request that `fields` belong to: with a mask or an extension inpaint, with a picture img2img."""
    if fields.get("mask") is not None or fields.get("extend"):
        return Inpaint
    return Img2Img if fields.get("image") is not None else Txt2Img
