"""A model's files: the headers of `.safetensors` files, which files hold a component's weights, and configurations."""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sdplay.core.errors import ModelBroken
from sdplay.files.regular import open_regular, read_regular
from sdplay.files.remembered import Remembered

LONGEST_HEADER = 100_000_000  # what the safetensors library accepts
FETCH_AGAIN = "fetch the file again, or choose another model with `model` (builtin always works)"
PICKLE_HINT = (
    "a pickle can run any program when it is opened: fetch the .safetensors form of this model (most have one), or "
    "give `allow_pickle`, which takes its weights and nothing else, in a process of its own"
)


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor: its number format ("F16", "BF16", "F32", …), its shape, and its bytes within the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The tensors of a file by name, and the words its maker put beside them."""

    path: Path
    tensors: dict[str, TensorEntry]
    metadata: dict[str, str]

    def floats(self, name: str) -> list[float]:
        """The numbers of a small tensor; raises `ValueError` for a format other than floats of 16 or 32 bits."""
        entry = self.tensors[name]
        with open_regular(self.path) as file:
            file.seek(entry.start)
            data = file.read(entry.end - entry.start)
        if entry.dtype == "BF16":  # the upper half of a float32
            data = b"".join(b"\0\0" + data[at : at + 2] for at in range(0, len(data), 2))
        formats = {"F32": "f", "BF16": "f", "F16": "e"}
        if entry.dtype not in formats:
            raise ValueError(f"numbers of the format {entry.dtype}")
        size = 2 if entry.dtype == "F16" else array("f").itemsize
        return list(struct.unpack(f"<{len(data) // size}{formats[entry.dtype]}", data))


def broken(reason: str, path: Path, hint: str = FETCH_AGAIN) -> ModelBroken:
    return ModelBroken(reason, field="model", value=str(path), hint=hint)


def read_header(path: Path) -> Header:
    """The header of a `.safetensors` file; raises `ModelBroken` that says what the file is instead, or what is missing.

    The content decides and never the suffix: a renamed pickle is recognised, and not opened. Nobody may change what
    this gives: others are given the same.
    """
    return _headers(path)


def _read_header(path: Path) -> Header:
    try:
        size = path.stat().st_size
        with open_regular(path) as file:
            start = file.read(512)
            length = int.from_bytes(start[:8], "little")
            _check_start(path, start, length, size)
            file.seek(8)
            content = file.read(length)
    except OSError as error:
        raise broken(f"a file cannot be read: {error}", path) from None
    try:
        entries = cast(dict[str, Any], json.loads(content))
        metadata = {_as_text(key): _as_text(value) for key, value in entries.pop("__metadata__", {}).items()}
        tensors = {name: _entry(entry, 8 + length) for name, entry in entries.items()}
        "".join(tensors).encode()  # half a surrogate pair is no name
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise broken("its header is damaged: this is not a .safetensors file, or not a whole one", path) from None
    whole = max((entry.end for entry in tensors.values()), default=8 + length)
    if size != whole:
        missing = f"{whole - size:,} of {whole:,} bytes are missing" if size < whole else "it goes on after its end"
        raise broken(f"the file was cut off or damaged: {missing}", path)
    return Header(path, tensors, metadata)


_headers = Remembered(_read_header, 64)


def _entry(entry: dict[str, Any], offset: int) -> TensorEntry:
    start, end = (int(at) + offset for at in entry["data_offsets"])
    shape = tuple(int(side) for side in entry["shape"])
    if not offset <= start <= end or any(side < 0 for side in shape):
        raise ValueError("a tensor with fewer than no numbers, or outside of the file")
    return TensorEntry(str(entry["dtype"]), shape, start, end)


def _as_text(value: object) -> str:
    """`value` as text that can be written; half a surrogate pair, which JSON can spell, becomes a question mark."""
    return str(value).encode(errors="replace").decode()


def _check_start(path: Path, start: bytes, length: int, size: int) -> None:
    """Raise `ModelBroken` for a file that cannot be in the safetensors format, in words for what it is."""
    text = start.lstrip().lower()
    if size == 0:
        raise broken("the file is empty (0 bytes)", path)
    if is_pickle(start):
        raise broken("this is a pickle (.ckpt, .pt, .bin), whatever its name says", path, PICKLE_HINT)
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        reason = "this is a web page and not a model: the download ended at a page for login or of an error"
        raise broken(reason, path)
    if text.startswith(b"version https://git-lfs"):
        raise broken("this is a pointer of git-lfs and not the model itself", path, "run `git lfs pull` in its folder")
    if text.startswith(b"gguf"):
        reason = "this is a GGUF file, which this program cannot read"
        raise broken(reason, path, "fetch the .safetensors form of this model")
    if size < 8 or length > LONGEST_HEADER or start[8:9] != b"{":
        raise broken("this is not a .safetensors file", path)
    if length > size - 8:
        raise broken(f"the file was cut off within its header: {size:,} bytes are there", path)


def is_pickle(start: bytes) -> bool:
    """Whether a file begins as pickles do, or as the zip archives that torch packs them in."""
    return start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")) and start[8:9] != b"{"


def weight_files(component: Path) -> list[Path]:
    """The `.safetensors` files that a component's folder is loaded from: in full precision, else `.fp16.` ones."""
    found = sorted(component.glob("*.safetensors")) if component.is_dir() else []
    plain = [path for path in found if len(path.suffixes) == 1]
    return plain or [path for path in found if is_half(path)]


def is_half(path: Path) -> bool:
    """Whether a file is the half-precision variant of a component, or one shard of it."""
    return any(suffix.startswith(".fp16") for suffix in path.suffixes)


def read_tensors(files: Iterable[Path]) -> dict[str, TensorEntry]:
    """The tensors of several `.safetensors` files by name."""
    return {name: entry for file in files for name, entry in read_header(file).tensors.items()}


def read_json(path: Path) -> dict[str, Any]:
    """A configuration file; raises `ModelBroken` if it cannot be read or is not a mapping."""
    try:
        found = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"its {path.parent.name}/{path.name} cannot be read: {type(error).__name__}: {error}"
        raise broken(reason, path) from None
    if not isinstance(found, dict):
        raise broken(f"its {path.parent.name}/{path.name} holds no settings", path)
    return cast(dict[str, Any], found)
