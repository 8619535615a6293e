"""Thumbnails of the service's own files, made when they are first asked for; the newest are remembered."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock

from sdplay.core.errors import BadRequest
from sdplay.images.open import UNREADABLE, open_file
from sdplay.server.films import first_frame
from sdplay.server.previews import thumbnail

REMEMBERED = 256
making = Lock()  # one at a time: a large picture takes its memory


def thumbnail_of(path: Path) -> bytes:
    """A small WebP of a picture, of a film that of its first frame; raises `BadRequest` where there is none."""
    if (path.parent / "job.json").exists():
        path = first_frame(path.parent)
    try:
        return made(path, path.stat().st_mtime_ns)
    except UNREADABLE:
        raise BadRequest("there is no picture of it", field="picture", value=path.name) from None


@lru_cache(REMEMBERED)
def made(path: Path, changed: int) -> bytes:
    with making, open_file(path) as image:
        return thumbnail(image)
