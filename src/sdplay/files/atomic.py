"""Write a file whole or not at all: under a name that is free (`write_new`), or in the place of an older file
(`replacing`). A reader sees the old file or the new one, never a part; what the disk refuses names the way on.
`check_space` says whether a film's frames will fit on the disk, before the first one is drawn.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sdplay.core.errors import DiskFull, SdplayError, StoreError

# A PNG of a drawn picture takes at most about six tenths of its three bytes a pixel.
USUAL_FACTOR = 0.6
COMFORT = 1.3

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
HIDDEN = re.compile(r"\.sdplay-[0-9a-f]{16}")
TEMPORARY = ".tmp"
STALE_SECONDS = 24 * 60 * 60


def store_error(error: OSError, path: Path, *, job: bool = False) -> SdplayError:
    """The error of our tree for what the file system said about `path`, a folder of pictures or of a film's `job`."""
    full, why = error.errno in FULL, error.strerror or error
    if job:
        names = [Path(os.fsdecode(name)).name for name in (error.filename2, error.filename) if name]
        things, refused = "frames", f"{names[0] if names else 'a file'} of this job cannot be read or written: {why}"
        first = "free some space" if full else "see that the folder can be read and written"
        hint = f"{first}, then go on with: sdplay resume {shlex.quote(str(path))}"
    else:
        things, refused, hint = "pictures", f"cannot write there: {why}", "choose a folder you may write to with `out`"
        if isinstance(error, FileExistsError | NotADirectoryError):
            refused = "cannot write there: a file is where the folder would be"
        if full:
            hint = "free some space, or choose another folder with `out`, and run the same command again"
    reason = f"no space is left there; finished {things} are kept, nothing half-written is" if full else refused
    return (DiskFull if full else StoreError)(reason, field="out", value=str(path), hint=hint)


@contextmanager
def writing(job: Path) -> Generator[None]:
    """Turn what the file system says about a file of `job` into a `DiskFull` or `StoreError` that names the way on."""
    try:
        yield
    except OSError as error:
        raise store_error(error, job, job=True) from error


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


def write_once(content: bytes, path: Path) -> bool:
    """Write `content` to `path` unless a file is there already, and say whether that was done; of several processes, on
    several machines, one does it. Raises `DiskFull` or `StoreError`.
    """
    try:
        hidden = _write_hidden(content, path.parent)
        try:
            return _claim(hidden, path)
        finally:
            hidden.unlink(missing_ok=True)
    except OSError as error:
        raise store_error(error, path.parent) from error


def sweep(folder: Path, now: float) -> None:
    """Take away hidden files that a killed program left in `folder`, once they are a day old at time `now`.

    No living program holds one for longer than a write takes, so nobody's work is touched.
    """
    with suppress(OSError):  # a folder that cannot be read, or a file that is gone or not ours to take
        for path in [path for path in folder.iterdir() if HIDDEN.fullmatch(path.name)]:
            if now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def numbered_names(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    """stem.png, stem-2.png and so on in `folder`, for `write_new` to take the first that is free."""
    yield folder / f"{stem}{suffix}"
    for number in itertools.count(2):
        yield folder / f"{stem}-{number}{suffix}"


@contextmanager
def replacing(path: Path, *, durable: bool = True, into_devices: bool = False) -> Generator[Path]:
    """A temporary path to write to, which becomes `path` at the end, or disappears if anything is raised.

    With `durable` the bytes are on the disk before they get the name; the name itself is once `sync_folder` was called
    on the folder. With `into_devices`, for a path that the user named, a device or a pipe (/dev/null) stays what it is
    and is written to; in a folder of ours a pipe is replaced, since nobody reads it.
    """
    if into_devices and (path.is_char_device() or path.is_fifo()):
        yield path
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        put_in_place(temporary, path, durable=durable)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes, *, durable: bool = True, into_devices: bool = False) -> None:
    """Give the name `path` to a file with `content`; raises `OSError`, leaving the old file and nothing else."""
    with replacing(path, durable=durable, into_devices=into_devices) as temporary:
        temporary.write_bytes(content)


def put_in_place(finished: Path, path: Path, *, durable: bool = True) -> None:
    """Give the file `finished` the name `path`, with `durable` once its bytes are on the disk."""
    if durable:
        _sync(finished, os.O_RDWR)
    os.replace(finished, path)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where the system can (Windows cannot, and need not)."""
    if os.name != "nt":
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_hidden(content: bytes, folder: Path) -> Path:
    hidden = folder / f".sdplay-{secrets.token_hex(8)}"
    try:
        with hidden.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        hidden.unlink(missing_ok=True)
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


def check_space(
    path: Path, pictures: int, width: int, height: int, *, factor: float = USUAL_FACTOR, force: bool = False
) -> str | None:
    """Compare the space left at `path` with what `pictures` PNGs (frames and keys together) will take.

    Raises `DiskFull` when it is too small, unless `force`; returns a warning when it is less than 1.3 times as much,
    None if all is well. `path` need not exist yet.
    """
    needed = usual_bytes(pictures, width, height, factor)
    there = next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise store_error(error, path) from error
    said = f"{pictures:,} pictures of {width}x{height} take about {size_text(needed)}, and {size_text(free)} is free"
    if free < needed and not force:
        raise DiskFull(
            said, field="out", value=str(path), hint="free some space, choose another folder with `out`, or use `force`"
        )
    return f"{said} in {path}" if free < needed * COMFORT else None


def usual_bytes(pictures: int, width: int, height: int, factor: float = USUAL_FACTOR) -> float:
    """What `pictures` PNGs of that size take on the disk, in bytes, as a rule."""
    return pictures * width * height * 3 * factor


def size_text(count: float) -> str:
    unit, name = (2**30, "GiB") if count >= 2**30 else (2**20, "MiB")
    return f"{count / unit:,.1f} {name}"
