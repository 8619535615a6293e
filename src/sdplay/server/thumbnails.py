"""Thumbnails of the service's own files: made once, and kept on the disk until the file changes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock

from PIL import ImageOps

from sdplay.core.errors import BadRequest
from sdplay.files.atomic import replace_file
from sdplay.images.open import UNREADABLE, open_file
from sdplay.server.films import first_frame
from sdplay.server.previews import THUMBNAIL_SIDE, thumbnail

A_FOLDER = 1000  # thumbnails in one folder
making = Lock()  # one at a time: a large picture takes its memory


class Thumbnails:
    """Keeps small WebPs in `folder`. The time of each is that of the file it was made from, so that another is made
    once that changes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, key: int | str, path: Path) -> bytes | None:
        """The thumbnail of the file `path`, which `key` names; None if it is still to be made."""
        small = self._place(key)
        with suppress(OSError):
            if small.stat().st_mtime_ns == source_of(path).stat().st_mtime_ns:
                return small.read_bytes()
        return None

    def of(self, key: int | str, path: Path) -> bytes:
        """A small WebP of a picture, of a film that of its first frame; raises `BadRequest` if there is none."""
        with making:
            return self.kept(key, path) or self._made(self._place(key), source_of(path), path.name)

    def _made(self, small: Path, source: Path, name: str) -> bytes:
        try:
            changed = source.stat().st_mtime_ns
            with open_file(source) as image:
                image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
                content = thumbnail(ImageOps.exif_transpose(image))
        except UNREADABLE:
            raise BadRequest("there is no picture of it", field="picture", value=name) from None
        with suppress(OSError):  # a full disk: it is made again the next time
            small.parent.mkdir(parents=True, exist_ok=True)
            replace_file(small, content, durable=False)
            os.utime(small, ns=(changed, changed))
        return content

    def forget(self, key: int | str) -> None:
        with suppress(OSError):
            self._place(key).unlink(missing_ok=True)

    def _place(self, key: int | str) -> Path:
        part = str(key // A_FOLDER) if isinstance(key, int) else "uploads"
        return self._folder / part / f"{key}.webp"


def source_of(path: Path) -> Path:
    """The picture that stands for the file `path`."""
    return first_frame(path.parent) if (path.parent / "job.json").exists() else path
