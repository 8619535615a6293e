"""Whether a film's frames will fit on the disk, asked before the first one is drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

from sdplay.core.errors import DiskFull
from sdplay.files.atomic import store_error

# A PNG of a drawn picture takes at most about six tenths of its three bytes a pixel.
USUAL_FACTOR = 0.6
COMFORT = 1.3


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
