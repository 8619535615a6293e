"""sha256 over a model's files; what was hashed once is remembered, since seven gigabytes take their time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from sdplay.families import COMPONENTS
from sdplay.files.atomic import replace_file
from sdplay.files.regular import open_regular, read_regular_text
from sdplay.files.remembered import Remembered

SHAPING_SUFFIXES = {".json", ".safetensors", ".txt"}
NONE: Mapping[str, Sequence[Path]] = MappingProxyType({})
LARGE = 32 * 2**20  # bytes from which on a digest is worth remembering


def folder_digest(folder: Path, memory: Path | None = None, pickles: Mapping[str, Sequence[Path]] = NONE) -> str:
    """sha256 over names and contents of every file of the model's parts that can shape a picture, hex.

    `memory` is the folder in which digests of large files are remembered, None for nowhere. `pickles` are those that
    hold the weights of a part, by its name.
    """
    whole = hashlib.sha256()
    for part in COMPONENTS:
        if not (folder / part).is_dir():
            continue
        only = set(pickles.get(part, ()))
        for path in sorted((folder / part).iterdir()):
            if path.suffix in SHAPING_SUFFIXES or path in only:
                whole.update(f"{part}/{path.name}:{file_digest(path, memory)}\n".encode())
    index = folder / "model_index.json"
    if (folder / "text_encoder_2").is_dir() and index.is_file():  # it says what an empty text means
        whole.update(f"{index.name}:{file_digest(index)}\n".encode())
    return whole.hexdigest()


def file_digest(path: Path, memory: Path | None = None, large: int = LARGE) -> str:
    """sha256 of a file, hex; that of a large one comes from `memory` while its path, size and time are the same."""
    state = path.stat()
    if memory is None or state.st_size < large:
        return _hashed(path)
    if (known := _remembered(path, memory)) is not None:
        return known
    note, digest = _note(path, memory), _hashed(path)
    with suppress(OSError):  # a home that cannot be written costs time and nothing else
        memory.mkdir(parents=True, exist_ok=True)
        replace_file(note, digest.encode("ascii"), durable=False)
    return digest


def known_digest(path: Path, memory: Path) -> str | None:
    """The digest of a file that is small or was hashed before; None for a folder, and for what takes its time."""
    try:
        if path.is_dir():
            return None
        return _hashed(path) if path.stat().st_size < LARGE else _remembered(path, memory)
    except OSError:
        return None


def _note(path: Path, memory: Path) -> Path:
    """Where the digest of a file is remembered while its path, size and time are the same."""
    state = path.stat()
    key = f"{path.resolve()}\n{state.st_size}\n{state.st_mtime_ns}"
    return memory / hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def _remembered(path: Path, memory: Path) -> str | None:
    with suppress(OSError, ValueError):
        known = read_regular_text(_note(path, memory))
        if len(known) == 64:
            return known
    return None


def _read_and_hash(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_hashed = Remembered(_read_and_hash, 4096)
