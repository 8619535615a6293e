"""Write a file whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sdplay.core.errors import DiskFull, SdplayError, StoreError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def store_error(error: OSError, path: Path) -> SdplayError:
    """The error of our tree for what the file system said about `path`."""
    if error.errno in FULL:
        return DiskFull(
            "no space is left there; finished pictures are kept, nothing half-written is",
            field="out",
            value=str(path),
            hint="free some space, or choose another folder with --out, and run the same command again",
        )
    return StoreError(
        f"cannot write there: {error.strerror or error}",
        field="out",
        value=str(path),
        hint="choose a folder you may write to with --out",
    )


def prepare_folder(folder: Path) -> None:
    """Create `folder` and prove that a file can be written there; raises `StoreError` or `DiskFull`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".sdplay-") as probe:
            probe.write(b"\0")
            probe.flush()
    except OSError as error:
        raise store_error(error, folder) from error


def write_new(content: bytes, candidates: Iterable[Path]) -> Path:
    """Write `content` under the first of `candidates` that does not exist yet, and return that path.

    The bytes go to a hidden file beside it, reach the disk, and only then get the name, in one step that cannot hit a file
    that another process put there meanwhile. Raises `DiskFull` or `StoreError`, leaving nothing behind.
    """
    hidden: str | None = None
    folder = Path()
    try:
        for path in candidates:
            if hidden is None:
                folder = path.parent
                hidden = _write_hidden(content, folder)
            if _claim(hidden, path):
                return path
        raise StoreError("every name it could have is taken", field="out", value=str(folder))
    except OSError as error:
        raise store_error(error, folder) from error
    finally:
        if hidden is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)


def _write_hidden(content: bytes, folder: Path) -> str:
    handle, hidden = tempfile.mkstemp(dir=folder, prefix=".sdplay-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(hidden)
        raise
    os.chmod(hidden, 0o644)
    return hidden


def _claim(hidden: str, path: Path) -> bool:
    """Give the hidden file the name `path` unless that is taken."""
    try:
        os.link(hidden, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: reserve the name, then move onto it
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        os.replace(hidden, path)
    return True
