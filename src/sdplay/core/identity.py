"""Which files shape a picture, as a recipe records them: the model, and the add-ons that change what it draws.

A field of a request whose `json_schema_extra` has an `add_on` names such files: a text, or several of them, each a name
or path and, if the kind has weights, numbers after colons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

AddOnKind = Literal["lora", "embedding", "controlnet", "vae"]
WEIGHTS = re.compile(r"(?::[^:/\\<>]*+){1,2}$")  # what may stand after a name or path: :0.8, :0.5:0.8, :te=0.5:unet=0.8
WEIGHED: frozenset[AddOnKind] = frozenset({"lora"})
SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")
OF_A_FOLDER = ("diffusion_pytorch_model", "pytorch_lora_weights", "learned_embeds")  # what diffusers calls any of them

NO_UNKNOWN_KEYS = ConfigDict(extra="forbid")  # an ingredient of a newer program must not be dropped in silence


@with_config(NO_UNKNOWN_KEYS)
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which weights: a name for people and the sha256 over every file that shapes a picture."""

    name: str
    digest: str
    family: str


@with_config(NO_UNKNOWN_KEYS)
@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """One such file: the name it has in prompts and messages, and the sha256 of its bytes, or of a folder's files."""

    kind: AddOnKind
    name: Annotated[str, Field(min_length=1, max_length=4096)]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedAddOn:
    """An add-on that exists: the identity a recipe records, and its `.safetensors` file (or diffusers folder).

    `origin` is what was found: that file or folder itself, the pickle it was made from, or the folder it is in.
    """

    identity: AddOn
    path: Path
    origin: Path


def add_on_name(where: str) -> str:
    """The name of the file or folder `where`: without the folders above it, and without a known suffix."""
    path = PureWindowsPath(where) if "\\" in where else PurePosixPath(where)
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() in SUFFIXES else path.name
    return path.parent.name if stem in OF_A_FOLDER and path.parent.name else stem or where


def without_weights(kind: AddOnKind, text: str) -> str:
    """The name or path in an entry of a field, without the numbers after it."""
    return WEIGHTS.sub("", text) if kind in WEIGHED else text
