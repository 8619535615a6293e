"""Keep a picture as a file with its recipe inside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.files.atomic import prepare_folder, replace_file, store_error, sweep, write_new
from sdplay.images.formats import MEDIA_TYPES, SUFFIXES, Format
from sdplay.images.naming import check_pattern, names_by
from sdplay.version import VERSION

if TYPE_CHECKING:
    from sdplay.images.picture import Picture, SavedImage

ENDINGS: dict[str, Format] = {**{suffix: kind for kind, suffix in SUFFIXES.items()}, ".jpeg": "jpeg"}
NUMBERED = re.compile(r"(\d{5,})-")


class ImageWriter:
    """Writes pictures into `folder` as NNNNN-SEED.png, numbered on from what is there, never over a file.

    With a `name`, a pattern as in `naming`, they are called what it says; raises `BadRequest` for a wrong one.
    What a killed program left half-written there is taken away once it is a day old by `clock`.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        version: str,
        clock: Callable[[], float] = time.time,
        *,
        name: str | None = None,
    ) -> None:
        wanted = {"jpg": "jpeg"}.get(kind.casefold(), kind.casefold())
        if wanted not in SUFFIXES:
            raise UnknownName("format", kind, SUFFIXES)
        self.folder, self.version = folder, version
        self.name = check_pattern(name) if name is not None else None
        self.kind: Format = wanted  # type: ignore[assignment]  # just checked against the keys
        prepare_folder(folder)
        sweep(folder, clock())

    def write(self, picture: Picture) -> SavedImage:
        """Write `picture`; raises `DiskFull` or `StoreError`."""
        from sdplay.images.write import encode  # loads numpy and PIL: once there is a picture

        return self.write_encoded(picture, encode(picture, self.kind, self.version))

    def write_encoded(self, picture: Picture, content: bytes) -> SavedImage:
        """Write `content`, the file that `picture` was encoded as; as `write`."""
        from sdplay.images.picture import SavedImage

        return SavedImage(
            path=write_new(content, self._names(picture)),
            digest=picture.digest,
            media_type=MEDIA_TYPES[self.kind],
            recipe=picture.recipe,
            index=picture.index,
            seconds=picture.seconds,
        )

    def _names(self, picture: Picture) -> Iterator[Path]:
        if self.name is not None:
            yield from names_by(self.name, self.folder, picture, SUFFIXES[self.kind])
        taken = (NUMBERED.match(path.name) for path in self.folder.iterdir())
        number = max((int(match[1]) + 1 for match in taken if match), default=0)
        while True:
            yield self.folder / f"{number:05d}-{picture.seed}{SUFFIXES[self.kind]}"
            number += 1


def save_picture(picture: Picture, path: Path) -> Path:
    """What `Picture.save` does; `path`."""
    from sdplay.images.write import encode

    kind = ENDINGS.get(path.suffix.casefold())
    if kind is None:
        hint = f"pictures are kept as {', '.join(ENDINGS)}"
        raise BadRequest("its ending names no format", field="path", value=str(path), hint=hint)
    content = encode(picture, kind, VERSION)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content, into_devices=True)
    except OSError as error:
        raise store_error(error, path) from error
    return path
