"""One process at a time: a lock that the system takes back when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sdplay.core.errors import BadRequest

if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes, and a locked byte cannot be read; the one locked lies far behind the number in the file.
    LOCKED_BYTE = 2**20

    def _take(handle: int) -> None:
        os.lseek(handle, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    BUSY = (BlockingIOError, PermissionError, OSError)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    BUSY = (BlockingIOError,)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file `path` and keep this process's number in it; the file itself says nothing, only the lock does.

    Raises `BadRequest` with the holder's number while another process (or another part of this one) holds it, and
    `OSError` where the file cannot be made or the file system has no locks.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            _take(handle)
        except BUSY:
            raise _running(path) from None
        try:
            _write(handle, b"%d\n" % os.getpid())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        try:
            yield
        finally:
            _write(handle, b"")
    finally:
        os.close(handle)


def _write(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, content)


def _running(path: Path) -> BadRequest:
    pid = path.read_text(encoding="ascii", errors="replace").strip()
    return BadRequest(
        f"already running (pid {pid})" if pid else "already running",
        field="job",
        value=str(path.parent),
        hint="wait until it is done, or stop it first",
    )
