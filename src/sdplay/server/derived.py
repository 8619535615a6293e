"""Jobs made of a picture that is there: one that was drawn, or one that a client sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from sdplay.core.errors import BadRequest
from sdplay.core.fields import Text, Validated
from sdplay.images.own import read_own
from sdplay.library.upscalers import default_upscaler, upscaler_name
from sdplay.server.clients import Limits, check_recipe
from sdplay.server.records import StoredPicture, Upload

LARGEST_SCALE = 8.0
PICTURE = "The number of a picture that was drawn here, or the id of an upload."


class Shelf(Protocol):
    """Where the pictures are: the service."""

    @property
    def limits(self) -> Limits: ...
    @property
    def uploads_folder(self) -> Path: ...
    def picture(self, number: int) -> StoredPicture: ...
    def upload(self, name: str) -> Upload: ...
    def file_of(self, stored: StoredPicture | Upload) -> Path: ...


class Derived(Validated):
    """What is asked of a picture."""

    picture: int | str = Field(description=PICTURE)


class Upscale(Derived):
    """A picture made larger."""

    mode: Literal["upscale"] = "upscale"
    scale: float = Field(default=2.0, gt=1, le=LARGEST_SCALE, description="How many times as wide and as high.")
    upscaler: Text | None = Field(
        default=None, description="How it is enlarged: see the upscalers; the best that is here when left out."
    )


class Verify(Derived):
    """A picture or a film drawn again and compared bit for bit: the job fails where a bit differs."""

    mode: Literal["verify"] = "verify"


DERIVED: dict[str, type[Upscale | Verify]] = {"upscale": Upscale, "verify": Verify}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the queue keeps of such a job; `recipe` is the same for the same work."""

    request: dict[str, Any]
    recipe: str
    seed: int = 0


def prepared(shelf: Shelf, mode: str, fields: Mapping[str, Any]) -> Prepared:
    """The job of `mode` with a client's `fields`; raises `BadRequest` and its kinds."""
    asked = read(mode, fields)
    source = shelf.upload(asked.picture) if isinstance(asked.picture, str) else shelf.picture(asked.picture)
    if isinstance(asked, Verify):
        return to_verify(shelf, asked, source)
    return to_upscale(shelf, asked, source)


def read(mode: str, fields: Mapping[str, Any]) -> Upscale | Verify:
    return DERIVED[mode](**{name: value for name, value in fields.items() if value is not None})


def to_upscale(shelf: Shelf, asked: Upscale, source: StoredPicture | Upload) -> Prepared:
    check_picture(source)
    if max(source.width, source.height) * asked.scale > (most := shelf.limits.side * 2):
        raise BadRequest(f"more than {most} pixels a side", field="scale", value=asked.scale)
    name = upscaler_name(asked.upscaler) if asked.upscaler is not None else default_upscaler()
    own = {"picture": asked.picture, "scale": asked.scale, "upscaler": name}
    about = {"prompt": source.prompt, "model": source.model} if isinstance(source, StoredPicture) else {}
    return Prepared(request={"fields": own, "file": source.file, **about}, recipe=digest_of("upscale", source, own))


def to_verify(shelf: Shelf, asked: Verify, source: StoredPicture | Upload) -> Prepared:
    if isinstance(source, Upload):
        check_picture(source)
        check_recipe(read_own(shelf.file_of(source))[0].recipe, shelf.uploads_folder)
    own = {"picture": asked.picture}
    return Prepared(request={"fields": own, "file": source.file}, recipe=digest_of("verify", source, own))


def check_picture(source: StoredPicture | Upload) -> None:
    """Raise `BadRequest` for a film or a sound, of which no picture can be made."""
    if not source.media_type.startswith("image/"):
        raise BadRequest(f"is no picture: {source.media_type}", field="picture", value=source.id)


def digest_of(mode: str, source: StoredPicture | Upload, own: Mapping[str, Any]) -> str:
    known = source.recipe if isinstance(source, StoredPicture) else f"upload:{source.id}"
    return sha256(json.dumps([mode, known, dict(own)], sort_keys=True).encode()).hexdigest()
