"""Write a file whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from sdplay.core.errors import DiskFull, SdplayError, StoreError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
HIDDEN = re.compile(r"\.sdplay-[0-9a-f]{16}")
STALE_SECONDS = 24 * 60 * 60


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
        _write_hidden(b"\0", folder).unlink()
    except OSError as error:
        raise store_error(error, folder) from error


def write_new(content: bytes, candidates: Iterable[Path]) -> Path:
    """Write `content` under the first of `candidates` that does not exist yet, and return that path.

    The bytes go to a hidden file beside it, reach the disk, and only then get the name, in one step that cannot hit a
    file that another process put there meanwhile. Raises `DiskFull` or `StoreError`, leaving nothing behind.
    """
    hidden: Path | None = None
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
            hidden.unlink(missing_ok=True)


def sweep(folder: Path, now: float) -> None:
    """Take away hidden files that a killed program left in `folder`, once they are a day old at time `now`.

    No living program holds one for longer than a write takes, so nobody's work is touched.
    """
    with contextlib.suppress(OSError):  # a folder that cannot be read, or a file that is gone or not ours to take
        for path in [path for path in folder.iterdir() if HIDDEN.fullmatch(path.name)]:
            if now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def _write_hidden(content: bytes, folder: Path) -> Path:
    hidden = folder / f".sdplay-{secrets.token_hex(8)}"
    file = hidden.open("xb")
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        hidden.unlink()
        raise
    return hidden


def _claim(hidden: Path, path: Path) -> bool:
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
        try:
            os.replace(hidden, path)
        except OSError:
            path.unlink()
            raise
    return True
