"""Keep a picture as a file with its recipe inside, and read one back."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.files.atomic import prepare_folder, replace_file, store_error, sweep, write_new
from sdplay.images.naming import check_pattern, names_by
from sdplay.images.open import UNREADABLE, open_file
from sdplay.images.picture import Picture, SavedImage
from sdplay.images.sheet_file import SheetRecord, parse_sheet, sheet_chunk
from sdplay.images.write import MEDIA_TYPES, SUFFIXES, Embedded, Format, encode, own_chunk, parse_chunk
from sdplay.version import VERSION

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
        path = write_new(encode(picture, self.kind, self.version), self._names(picture))
        return SavedImage(
            path=path,
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


def open_own(path: Path) -> AbstractContextManager[Image.Image]:
    return open_file(path, tuple(kind.upper() for kind in SUFFIXES))


def is_ours(path: Path) -> bool:
    """Whether `path` is a file for `read_own` to read or refuse: it holds a recipe of ours, or is a film's frame.

    False for every other file, and for none.
    """
    try:
        with open_own(path) as image:
            return own_chunk(image) is not None or is_film_frame(image.info)
    except UNREADABLE:
        return False


def read_own(path: Path) -> tuple[Embedded, NDArray[np.uint8]]:
    """What a file of ours says about itself, and its pixels; raises `BadRequest` when it is none or is damaged."""
    try:
        with open_own(path) as image:
            text = own_chunk(image)
            if text is None:
                raise without_recipe(path, image.info)
            return parse_chunk(text), np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise BadRequest("no such file", field="file", value=str(path)) from None
    except UNREADABLE as error:
        raise BadRequest(f"is not a picture that can be read: {error}", field="file", value=str(path)) from None


def is_film_frame(info: Mapping[Any, Any]) -> bool:
    return "job" in info and "frame" in info


def read_sheet(path: Path) -> SheetRecord | None:
    """What the sheet of a grid says about itself, None for every other file; raises `BadRequest` for a damaged one."""
    try:
        with open_own(path) as image:
            text = sheet_chunk(image)
    except UNREADABLE:
        return None
    try:
        return parse_sheet(text) if text is not None else None
    except UNREADABLE as error:
        raise BadRequest(f"is a damaged sheet: {error}", field="file", value=str(path)) from None


def without_recipe(path: Path, info: Mapping[Any, Any]) -> BadRequest:
    """What to say of a picture with no recipe in it: a film's frames have theirs in the film's folder, and a sheet is
    made of pictures that have.
    """
    if (sheet := read_sheet(path)) is not None:
        reason = f"is a sheet of {len(sheet.pictures)} pictures, each of which is kept in a file of its own"
        return BadRequest(
            reason, field="file", value=str(path), hint=f"take one of them, such as {sheet.pictures[0].file}"
        )
    reason = "holds no recipe of ours, so there is nothing to draw it again from"
    hint = "use a picture that sdplay saved and no other program has saved since"
    if is_film_frame(info):
        reason = f"is frame {info['frame']} of a film, and its recipe is in the film's folder"
        folder = path.parent.parent
        job = shlex.quote(str(folder)) if (folder / "job.json").exists() else "JOB"
        hint = f"`sdplay verify {job}` draws the film again and compares, `sdplay show {job}` says how it is made"
    return BadRequest(reason, field="file", value=str(path), hint=hint)


def format_of(path: Path) -> Format:
    """The format of a file of ours by its content, whatever its name ends in."""
    with open_own(path) as image:
        return next(kind for kind in SUFFIXES if kind.upper() == image.format)
