"""What was asked: the one schema behind command line flags, Python arguments, files and (later) REST bodies.

The kinds of request, by mode. Fields left at None are open; `resolve_request` closes them and nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdplay.core.errors import UnknownName
from sdplay.core.fields import LARGEST_SEED, LARGEST_SIDE, FilePath, Fill, NoiseSource
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.requests.base import Request, make_request
from sdplay.requests.stills import Img2Img, Inpaint, Still, Txt2Img

__all__ = [
    "FILMS",
    "LARGEST_SEED",
    "LARGEST_SIDE",
    "REQUESTS",
    "STILLS",
    "Animate",
    "AnyFilm",
    "AnyRequest",
    "AnyStill",
    "Dream",
    "FilePath",
    "Fill",
    "Film",
    "Img2Img",
    "Inpaint",
    "NoiseSource",
    "Request",
    "Still",
    "Txt2Img",
    "make_request",
    "named_pictures",
    "request_from",
]

AnyStill = Txt2Img | Img2Img | Inpaint
AnyFilm = Dream | Animate
AnyRequest = AnyStill | AnyFilm
STILLS: dict[str, type[AnyStill]] = {"txt2img": Txt2Img, "img2img": Img2Img, "inpaint": Inpaint}
FILMS: dict[str, type[AnyFilm]] = {"dream": Dream, "animate": Animate}
REQUESTS: dict[str, type[AnyRequest]] = {**STILLS, **FILMS}

ROLES = ("image", "mask", "control_image", "init_image", "color_image", "video_init_path", "audio", "depth_model")
NO_FILES = {"depth_model": ("auto", "builtin", "none")}


def named_pictures(request: Request) -> dict[str, str]:
    """The paths of the files a request names, by role."""
    paths = ((role, getattr(request, role, None)) for role in ROLES)
    return {role: path for role, path in paths if path and path not in NO_FILES.get(role, ())}


def request_from(fields: dict[str, Any]) -> AnyRequest:
    """The request whose kind `fields["mode"]` names; raises `UnknownName` or `BadRequest`."""
    mode = str(fields.get("mode", "txt2img"))
    if mode not in REQUESTS:
        raise UnknownName("mode", mode, REQUESTS)
    return make_request(REQUESTS[mode], **fields)


def kind_of(fields: Mapping[str, Any]) -> type[AnyStill]:
    """The kind of request that `fields` belong to: with a mask or an extension inpaint, with a picture img2img."""
    if fields.get("mask") is not None or fields.get("extend"):
        return Inpaint
    return Img2Img if fields.get("image") is not None else Txt2Img
