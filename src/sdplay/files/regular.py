"""Read regular files only: a pipe would be waited for, a device may have no end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

LARGEST_TEXT = 64 * 2**20  # bytes


def open_regular(path: Path) -> BufferedReader:
    """Open the file at `path` for reading; raises `OSError`, also for a folder, a pipe and a device."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(code, "Is a directory" if code == errno.EISDIR else "Is not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def why_not_opened(path: Path, largest: int | None = None) -> str:
    """Why the file at `path` is not opened, "" if it is: it is a folder, a pipe, a device, or has more than `largest`
    bytes. Raises `OSError` if nothing is there.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        return "is a folder"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    return "" if largest is None or status.st_size <= largest else f"is larger than {largest // 2**20} MiB"


def read_regular(path: Path, largest: int = LARGEST_TEXT) -> bytes:
    """The bytes of the file at `path`; raises `OSError`, also for one of more than `largest` bytes."""
    with open_regular(path) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"Is larger than {largest:,} bytes", str(path))
    return content


def read_regular_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The text of a file in UTF-8, a byte order mark left out; raises `OSError` and `UnicodeDecodeError`."""
    return read_regular(path, largest).decode("utf-8-sig")
