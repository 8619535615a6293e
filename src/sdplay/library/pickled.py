"""Pickle checkpoints (.ckpt, .pt, .pth, .bin): converted once to `.safetensors`, in a process that may do little else.

A pickle is a program. Nobody opens one here: torch does, with `weights_only`, which knows no function but those that
make tensors, in a process of its own with limited memory, time and disk, and without this one's environment (tokens).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import DiskFull, ModelBroken, SdplayError, StoreError
from sdplay.files.atomic import FULL
from sdplay.files.model_files import FETCH_AGAIN, broken, is_pickle, read_header
from sdplay.files.regular import open_regular

# Run as a file and not imported: no line of it runs in this process, and this room stays free of torch.
CONVERTER = Path(__file__).parents[1] / "families" / "common" / "unpickle.py"
KEPT_VARIABLES = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG"}
SAFE_FORM = "fetch the .safetensors form of this model: most have one"
DELETE = f"delete it, unless you know what it is for; {SAFE_FORM}"
MODULES_OF_CHECKPOINTS = frozenset(
    ("torch", "collections", "numpy", "_codecs", "builtins", "__builtin__", "pytorch_lightning", "omegaconf", "typing")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the converting process may take: bytes of memory and of its file, seconds of a core and of the clock."""

    memory: int
    written: int
    seconds: int

    @classmethod
    def for_size(cls, size: int) -> Limits:
        """Generous for a checkpoint of `size` bytes: torch itself, the weights twice, and a slow disk."""
        return cls(memory=4 * 2**30 + 2 * size, written=2 * size + 2**24, seconds=120 + size // 10_000_000)


def is_pickle_file(path: Path) -> bool:
    """Whether the file at `path` begins as pickles do; its name does not matter."""
    with open_regular(path) as file:
        return is_pickle(file.read(16))


def as_safetensors(path: Path, digest: str, cache: Path, limits: Limits | None = None) -> Path:
    """The weights in the pickle at `path` as a `.safetensors` file in `cache`, named after the `digest` of the pickle.

    What was converted before is not opened again. Raises `ModelBroken` for a file that is damaged, no model, or more
    than weights, and `DiskFull` or `StoreError` where `cache` cannot be written; nothing is left behind then.
    """
    target = cache / f"{digest}.safetensors"
    if target.is_file() and _is_whole(target):
        return target
    _check_archive(path)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _check_calls(path)
        with tempfile.TemporaryDirectory(prefix="sdplay-", dir=cache) as folder:
            partial = Path(folder) / target.name
            _convert(path, partial, limits or Limits.for_size(path.stat().st_size))
            read_header(partial)
            partial.replace(target)
    except OSError as error:
        raise _unwritable(cache, error.strerror or str(error), error.errno) from None
    return target


def _is_whole(path: Path) -> bool:
    try:
        read_header(path)
    except ModelBroken:
        return False
    return True


def _check_archive(path: Path) -> None:
    """Raise `ModelBroken` for a zip archive that is not as torch writes them: stored as it is, with a pickle in it."""
    with open_regular(path) as file:
        if file.read(2) != b"PK":
            return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise broken(
            "the file was cut off or damaged: its list of contents, which ends it, is not there", path
        ) from None
    if not any(entry.filename.endswith("data.pkl") for entry in entries):
        raise broken("this is a zip archive and no checkpoint: it holds no data.pkl", path)
    unpacked = sum(entry.file_size for entry in entries)
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or unpacked > path.stat().st_size:
        reason = f"it would unpack to {unpacked:,} bytes, and torch never packs checkpoints: it is not opened"
        raise broken(reason, path, SAFE_FORM)


def _check_calls(path: Path) -> None:
    """Raise `ModelBroken` for a pickle that wants to call what no checkpoint does.

    Its words are read and not followed, which takes no time; the converter judges whatever passes here.
    """
    from sdplay.library.pickle_words import first_call_outside

    called = first_call_outside(path, MODULES_OF_CHECKPOINTS)
    if called is not None:
        raise broken(reason_for_program(called), path, DELETE)


def reason_for_program(called: str) -> str:
    return f"this pickle is more than weights: it wants to call {called}, which nothing here will do"


def _convert(path: Path, target: Path, limits: Limits) -> None:
    numbers = (limits.memory, limits.seconds, limits.written)
    command = [sys.executable, "-P", str(CONVERTER), str(path), str(target), *map(str, numbers)]
    variables = {name: value for name, value in os.environ.items() if name in KEPT_VARIABLES}
    variables |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            env=variables,
            cwd=target.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"its weights were not read in {limits.seconds} seconds, and so it was given up"
        raise broken(reason, path, SAFE_FORM) from None
    if done.returncode != 0:
        raise _failure(path, target, done)


def _failure(path: Path, target: Path, done: subprocess.CompletedProcess[bytes]) -> SdplayError:
    """What the converter said of its failure, or what its end says of it, in words."""
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        kind, what, number = report["kind"], str(report["what"]), report["errno"]
    except (ValueError, IndexError, KeyError, TypeError):
        reason = f"the process that was to read it ended with the code {done.returncode}"
        return broken(f"{reason}: too little memory, or a damaged file", path, SAFE_FORM)
    if kind == "file" and number in FULL:
        return _unwritable(target.parents[1], what, number)
    reasons = {
        "program": reason_for_program(what),
        "strange": f"this pickle is not one that torch writes for weights ({what})",
        "memory": "its weights take more memory than a file of this size should, or than there is",
        "empty": "it holds no weights by name, so it is not a model",
        "file": f"it cannot be read: {what}",
    }
    hint = {"program": DELETE, "damaged": FETCH_AGAIN}
    reason = reasons.get(kind, f"the file was cut off or damaged: {what}")
    return broken(reason, path, hint.get(kind, SAFE_FORM))


def _unwritable(cache: Path, why: str, number: int | None) -> StoreError:
    kind = DiskFull if number in FULL else StoreError
    reason = f"the safetensors form of a pickle cannot be written there: {why}"
    hint = "free some space, or set XDG_CACHE_HOME (or SDPLAY_HOME) to a folder with room for it"
    return kind(reason, field="cache", value=str(cache), hint=hint)
