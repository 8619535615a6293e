"""What a client may ask for: the fields of requests, without those that are the business of this computer.

Files are named by the id of an upload, models and add-ons by the names of the library, never by a path or an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdplay.core.errors import BadRequest, together
from sdplay.core.sample import Asset, ClipAsset, FileAsset, ImageAsset, LatentsAsset
from sdplay.images.formats import LOSSY, MEDIA_TYPES
from sdplay.prompts.lora_tags import NAME
from sdplay.requests.add_ons import without_weights
from sdplay.requests.base import Request, in_field_names, make_request
from sdplay.requests.modes import ROLES, named_files, request_type
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import STILLS
from sdplay.requests.run_options import RunOptions
from sdplay.requests.txt2img import picture_size
from sdplay.server.pace import still_work
from sdplay.server.records import Upload

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm

OWN = {"styles_file", "wildcards", "run", *RunOptions.model_fields}  # what the owner of the service decides
NAMES = ("model", "vae", "controlnet", "lora", "embedding", "depth_model")
GRID = "grid"
LATENTS = "application/x-npy"
KINDS_OF_FILES: dict[type[Asset], tuple[str, ...]] = {
    ImageAsset: ("image/",),
    ClipAsset: ("video/", "image/gif", "image/webp", "image/png"),
    FileAsset: ("audio/", "video/"),
    LatentsAsset: (LATENTS,),
}
FILM_FORMATS = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "gif": "image/gif",
    "webp": "image/webp",
    "apng": "image/png",
}
NOT_A_NAME = re.compile(r"[/\\\0]|^[.~]|^[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one client may ask for in one job, and how many jobs may wait."""

    side: int = 4096
    pixels: int = 4096 * 4096
    pictures: int = 1000
    drawn: int = 2**32  # pixels of all pictures of a job
    work: int = 2**39  # pixels times passes through the network
    frames: int = 20_000
    waiting: int = 20_000
    upload: int = 32 * 2**20
    body: int = 64 * 2**20


def formats_of(mode: str) -> tuple[str, ...]:
    """What the files of a job of `mode` can be; the first is what they are where nothing is asked."""
    if mode == GRID:
        return tuple(kind for kind in MEDIA_TYPES if kind not in LOSSY)
    return tuple(MEDIA_TYPES if mode in STILLS else FILM_FORMATS)


def check_film_format(recipe: Recipe, kind: Any) -> None:
    """Raise `BadRequest` for a film that a file of `kind` cannot hold: its size, its pace, its sound."""
    from sdplay.film.video.container import check_kind  # loads PyAV: only for films

    request = cast("AnyFilm", recipe.request)
    check_kind(kind, (recipe.width, recipe.height), request.rate, getattr(request, "audio", None) is not None)


def client_request(mode: str, fields: Mapping[str, Any], uploaded: Callable[[str], Upload | None]) -> Request:
    """The request of `mode` with a client's `fields`; `uploaded` finds an upload by its id.

    Raises `BadRequest` and its kinds.
    """
    given, problems = client_fields(mode, fields, uploaded)
    if problems:
        raise together(problems)
    request = make_request(request_type(mode), **given)
    check_tags(request)
    return request


def client_fields(
    mode: str, fields: Mapping[str, Any], uploaded: Callable[[str], Upload | None]
) -> tuple[dict[str, Any], list[BadRequest]]:
    """A client's `fields` of a request of `mode` with files by their paths, without those that no client may give; and
    what is wrong with those. Raises `BadRequest` for two names of one field.
    """
    kind = request_type(mode)
    given = {name: value for name, value in in_field_names(kind, fields).items() if value is not None}
    given.pop("mode", None)
    problems = [*refused(given), *files_not_uploaded(given, uploaded)]
    given = {name: value for name, value in given.items() if name not in {problem.field for problem in problems}}
    for role in ROLES.keys() & given.keys():
        if isinstance(given[role], str) and (upload := uploaded(given[role])) is not None:
            given[role] = upload.file
    return given, problems


def refused(fields: Mapping[str, Any]) -> Iterator[BadRequest]:
    for name, value in fields.items():
        if name in OWN:
            yield BadRequest("is for the owner of the service to decide", field=name, value=value, hint="leave it out")
        elif name in NAMES:
            yield from (not_a_name(name, each) for each in texts_in(value) if is_place(each))


def is_place(name: str) -> bool:
    """Whether `name` is a path, or means one of the files that the service itself works with."""
    if NOT_A_NAME.search(name):
        return True
    try:
        return Path(without_weights("lora", name)).exists()
    except (OSError, ValueError):  # too long to be one
        return False


def check_recipe(recipe: Recipe, uploads: Path) -> None:
    """Raise `BadRequest` for a recipe out of a file that a client sent, if it names files other than uploads."""
    request = recipe.request
    fields = {name: getattr(request, name) for name in type(request).model_fields if name in NAMES}
    files = {role: file for role, file in named_files(request).items() if Path(file).parent != uploads}
    strange = [not_a_name(role, file) for role, file in files.items()]
    if found := [*refused({name: value for name, value in fields.items() if value}), *strange]:
        raise together(found)
    check_tags(request)


def texts_in(value: object) -> list[str]:
    """`value` if it is a text, or the texts in it."""
    values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
    return [each for each in values if isinstance(each, str)]


def files_not_uploaded(fields: Mapping[str, Any], uploaded: Callable[[str], Upload | None]) -> Iterator[BadRequest]:
    for role in ROLES.keys() - {"depth_model"}:
        value = fields.get(role)
        if not isinstance(value, str) or not value:
            continue
        upload = uploaded(value)
        if upload is None:
            hint = "send the file to the uploads first"
            yield BadRequest("there is no upload with this id", field=role, value=value, hint=hint)
        elif not upload.media_type.startswith(KINDS_OF_FILES[ROLES[role]]):
            wanted = " or ".join(kind.strip("/") for kind in KINDS_OF_FILES[ROLES[role]])
            reason = f"the upload is {upload.media_type}"
            yield BadRequest(reason, field=role, value=value, hint=f"send one that is {wanted}")


def check_tags(request: Request) -> None:
    """Raise `BadRequest` for a LoRA in a prompt that is named by a path."""
    for field, text in request.texts({}):
        for tag in NAME.finditer(text):
            if NOT_A_NAME.search(tag[1]):
                raise not_a_name(field, tag[1])


def not_a_name(field: str, value: str) -> BadRequest:
    hint = "name what is in the library of the service: a path or an address is not taken from clients"
    return BadRequest("is not a name", field=field, value=value, hint=hint)


def check_limits(recipe: Recipe, total: int, limits: Limits, *, film: bool) -> None:
    """Raise `BadRequest` for more work than one job may be."""
    most, (width, height) = limits.frames if film else limits.pictures, picture_size(recipe)
    if max(width, height) > limits.side or width * height > limits.pixels:
        reason = f"the service draws up to {limits.side} pixels a side"
        raise BadRequest(reason, field="size", value=f"{width}x{height}", hint="ask for a smaller picture")
    if total > most:
        reason = f"the service makes up to {most} in one job"
        raise BadRequest(reason, field="num", value=total, hint="ask in several jobs")
    if not film and width * height * total > limits.drawn:
        reason = "these are more pixels than the service draws in one job"
        raise BadRequest(reason, field="num", value=total, hint="ask in several jobs, or for smaller pictures")
    if not film and still_work(recipe) * total > limits.work:
        reason = "this is more work than the service does in one job"
        raise BadRequest(
            reason, field="steps", value=recipe.steps, hint="ask for fewer steps or pictures, or smaller ones"
        )
