"""Files that change what a model draws: which of them a request names, and as what a recipe records them.

A field of a request whose `json_schema_extra` has an `add_on` names such files: a text, or several of them, each a name
or path and, where the kind has weights, numbers after colons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal, cast

from pydantic import ConfigDict, Field, with_config

from sdplay.core.ask import Request
from sdplay.core.errors import BadRequest, shorten

AddOnKind = Literal["lora", "embedding", "controlnet", "vae"]
WEIGHTS = re.compile(r"(?::[^:/\\<>]*+){1,2}$")  # what may stand after a name or path: :0.8, :0.5:0.8, :te=0.5:unet=0.8
WEIGHED: frozenset[AddOnKind] = frozenset({"lora"})
SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")
OF_A_FOLDER = ("diffusion_pytorch_model", "pytorch_lora_weights", "learned_embeds")  # what diffusers calls any of them


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """One such file: the name it has in prompts and messages, and the sha256 of its bytes, or of a folder's files."""

    kind: AddOnKind
    name: Annotated[str, Field(min_length=1, max_length=4096)]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def called(where: str) -> str:
    """The name of the file or folder `where`: without the folders above it, and without a known suffix."""
    path = PureWindowsPath(where) if "\\" in where else PurePosixPath(where)
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() in SUFFIXES else path.name
    return path.parent.name if stem in OF_A_FOLDER and path.parent.name else stem or where


def without_weights(kind: AddOnKind, text: str) -> str:
    """The name or path in an entry of a field, without the numbers after it."""
    return WEIGHTS.sub("", text) if kind in WEIGHED else text


def entries(request: Request) -> Iterator[tuple[AddOnKind, str, str]]:
    """(kind, field, entry) for each entry of those fields of `request` that name add-ons."""
    for field, info in type(request).model_fields.items():
        kind = cast(AddOnKind | None, cast(dict[str, Any], info.json_schema_extra or {}).get("add_on"))
        if kind is not None:
            given: str | tuple[str, ...] | None = getattr(request, field)
            for entry in (given,) if isinstance(given, str) else given or ():
                if entry:
                    yield kind, field, entry


def named_add_ons(request: Request) -> dict[tuple[AddOnKind, str], str]:
    """Where each add-on is that the fields of `request` name, a name or path, by kind and name.

    Raises `BadRequest` where two files would go by one name.
    """
    found: dict[tuple[AddOnKind, str], str] = {}
    for kind, field, entry in entries(request):
        place = without_weights(kind, entry)
        name = called(place)
        if found.setdefault((kind, name), place) != place:
            reason = f"another file of this name is asked for too, {shorten(found[kind, name])}"
            raise BadRequest(reason, field=field, value=entry, hint="give one of them another name")
    return found


def placeless(request: Request, asked: dict[str, Any]) -> None:
    """Take the folders out of the entries of such fields in `asked`, a dump of `request`: what counts is the file."""
    for kind, field, entry in entries(request):
        if field in asked:
            place = without_weights(kind, entry)
            short = called(place) + entry[len(place) :]
            told = asked[field]
            asked[field] = short if isinstance(told, str) else [short if one == entry else one for one in told]
