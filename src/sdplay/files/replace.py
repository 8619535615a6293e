"""Replace a file of a job as one step, and say what to do when the disk will not take it.

`atomic.py` never writes over a file; a job folder belongs to one job, so here a newer file takes the older one's place.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sdplay.core.errors import DiskFull, SdplayError, StoreError
from sdplay.files.atomic import FULL

TEMPORARY = ".tmp"


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Give the name `path` to a file with `content`; a reader sees the old file or the new one, never a part.

    With `durable` the bytes are on the disk before they get the name; the name itself is once `sync_folder` was called
    on the folder. Raises `OSError`, leaving the old file and nothing else.
    """
    with replacing(path, durable=durable) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Generator[Path]:
    """A temporary path to write to, which becomes `path` at the end, or disappears if anything is raised."""
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        yield temporary
        if durable:
            _sync(temporary, os.O_RDWR)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where the system can (Windows cannot, and needs not)."""
    if os.name != "nt":
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(job: Path) -> Generator[None]:
    """Turn what the file system says about a file of `job` into a `DiskFull` or `StoreError` that names the way on."""
    try:
        yield
    except OSError as error:
        raise job_error(error, job) from error


def job_error(error: OSError, job: Path) -> SdplayError:
    """The error of our tree for `error`, which stopped the job in the folder `job`."""
    resume = f"sdplay resume {shlex.quote(str(job))}"
    if error.errno in FULL:
        return DiskFull(
            "no space is left there; finished frames are kept, nothing half-written is",
            field="out",
            value=str(job),
            hint=f"free some space, then go on with: {resume}",
        )
    return StoreError(
        f"a file of this job cannot be read or written: {error.strerror or error}",
        field="out",
        value=str(job),
        hint=f"see that the folder can be read and written, then go on with: {resume}",
    )
