"""The modes by name. What belongs to one is loaded when it is first asked for: a picture loads nothing of films."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from sdplay.core.errors import UnknownName
from sdplay.core.sample import Asset, ClipAsset, FileAsset, ImageAsset, LatentsAsset
from sdplay.prompts.template import Wildcards
from sdplay.requests.base import Request, make_request

ROLES: dict[str, type[Asset]] = {  # the fields that name files, and what these are
    "image": ImageAsset,
    "mask": ImageAsset,
    "control_image": ImageAsset,
    "latents": LatentsAsset,
    "init_image": ImageAsset,
    "color_image": ImageAsset,
    "video_init_path": ClipAsset,
    "audio": FileAsset,
    "depth_model": FileAsset,
}
NO_FILES = {"depth_model": ("auto", "builtin", "guess", "none")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Where the parts of a mode are, each as "module:name".

    `request` is the class of its requests; `count(request)` how many pictures or frames one asks for;
    `expand_prompts(request, known, seed)` and `read_files(request)` are as the functions below;
    `plan(recipe, indices)` yields samples. `renderer`: the class that draws them, "" for that of single pictures.
    """

    request: str
    count: str
    plan: str
    expand_prompts: str
    read_files: str
    renderer: str = ""


READ_PICTURES = "sdplay.images.inputs:read_pictures"


def _of_pictures(name: str, request: str) -> Mode:
    return Mode(
        request=f"sdplay.requests.{name}:{request}",
        count="sdplay.requests.stills:count",
        plan=f"sdplay.requests.{name}:plan",
        expand_prompts="sdplay.requests.stills:expand_prompts",
        read_files=READ_PICTURES,
    )


def _of_films(name: str, request: str) -> Mode:
    return Mode(
        request=f"sdplay.film.request_{name}:{request}",
        count=f"sdplay.film.plan_{name}:frames_of",
        plan=f"sdplay.film.plan_{name}:plan",
        expand_prompts="sdplay.film.inputs:expand_prompts",
        read_files="sdplay.film.inputs:read_files",
        renderer="sdplay.film.render.film:FilmRenderer",
    )


MODES = {
    "txt2img": _of_pictures("txt2img", "Txt2Img"),
    "img2img": _of_pictures("img2img", "Img2Img"),
    "inpaint": _of_pictures("inpaint", "Inpaint"),
    "dream": _of_films("dream", "Dream"),
    "animate": _of_films("animate", "Animate"),
}


@cache
def import_object(path: str) -> Any:
    """What is called "module:name"; imported when it is first needed, so that a picture never imports films."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def request_type(mode: str) -> type[Request]:
    """The class of the requests of `mode`; raises `UnknownName`."""
    if mode not in MODES:
        raise UnknownName("mode", mode, MODES)
    return import_object(MODES[mode].request)


def request_from(fields: dict[str, Any]) -> Request:
    """The request of the mode that `fields["mode"]` names; raises `UnknownName` or `BadRequest`."""
    return make_request(request_type(str(fields.get("mode", "txt2img"))), **fields)


def named_files(request: Request) -> dict[str, str]:
    """The paths of the files that a request names, by role."""
    paths = ((role, getattr(request, role, None)) for role in ROLES)
    return {role: path for role, path in paths if path and path not in NO_FILES.get(role, ())}


def expand_prompts(
    request: Request, known: Wildcards | None = None, seed: int = 0
) -> tuple[Request, dict[str, tuple[str, ...]]]:
    """`request` with its styles in its prompts, and the lines of the wildcards that these name (see `read_wildcards`).

    The prompts of a film have their choices made as well, prompt j as picture j of a batch with `seed` would make
    them, and name no wildcards any more. Raises `BadRequest` for files that cannot be read and `UnknownName` for a
    style that is not in its file.
    """
    return import_object(MODES[request.mode].expand_prompts)(request, known, seed)


def read_files(request: Request) -> tuple[Request, dict[str, Asset]]:
    """`request` with what its files determine, and an asset for each of them, by role; raises `BadRequest`."""
    reader = MODES[request.mode].read_files
    if reader == READ_PICTURES and not named_files(request):
        return request, {}  # there is nothing that numpy and PIL would have to be loaded for
    return import_object(reader)(request)
