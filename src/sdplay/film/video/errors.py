"""What FFmpeg and the file system say while a film is written, as errors of our tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError

from sdplay.core.errors import DiskFull, SdplayError, StoreError

TROUBLE = (FFmpegError, OSError)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def film_error(error: Exception, path: Path) -> SdplayError:
    """`DiskFull` or `StoreError` for what went wrong while the film `path` was written."""
    number = getattr(error, "errno", None)
    if number in FULL:
        return DiskFull(
            "no space is left there for the film; the frames are kept, half a film is not",
            field="out",
            value=str(path),
            hint="free some space and run the same command again",
        )
    reason = getattr(error, "strerror", None) or str(error)
    return StoreError(f"the film cannot be written: {reason}", field="out", value=str(path))


@contextmanager
def film_errors(path: Path) -> Iterator[None]:
    """What goes wrong with the film `path` inside, as `film_error` says it."""
    try:
        yield
    except TROUBLE as error:
        raise film_error(error, path) from error
