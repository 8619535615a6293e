"""Keep a picture as a file with its recipe inside, and read one back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sdplay.core.artifact import Artifact, Picture
from sdplay.core.errors import BadRequest, UnknownName
from sdplay.imaging.metadata import MEDIA_TYPES, SUFFIXES, Embedded, Format, encode, own_chunk, parse_chunk
from sdplay.store.atomic import prepare_folder, write_new

NUMBERED = re.compile(r"(\d{5,})-")


class Keeper:
    """Writes pictures into `folder` as NNNNN-SEED.png, numbered on from what is there, never over a file."""

    def __init__(self, folder: Path, kind: str, version: str) -> None:
        wanted = {"jpg": "jpeg"}.get(kind.casefold(), kind.casefold())
        if wanted not in SUFFIXES:
            raise UnknownName("format", kind, SUFFIXES)
        self.folder, self.version = folder, version
        self.kind: Format = wanted  # type: ignore[assignment]  # just checked against the keys
        prepare_folder(folder)

    def keep(self, picture: Picture) -> Artifact:
        """Write `picture`; raises `DiskFull` or `StoreError`."""
        path = write_new(encode(picture, self.kind, self.version), self._names(picture.seed))
        return Artifact(
            path=path,
            digest=picture.digest,
            media_type=MEDIA_TYPES[self.kind],
            recipe=picture.recipe,
            index=picture.index,
            seconds=picture.seconds,
        )

    def _names(self, seed: int) -> Iterator[Path]:
        taken = (NUMBERED.match(path.name) for path in self.folder.iterdir())
        number = max((int(match[1]) + 1 for match in taken if match), default=0)
        while True:
            yield self.folder / f"{number:05d}-{seed}{SUFFIXES[self.kind]}"
            number += 1


def read_kept(path: Path) -> tuple[Embedded, NDArray[np.uint8]]:
    """What a file of ours says about itself, and its pixels; raises `BadRequest` when it is none or is damaged."""
    try:
        with Image.open(path, formats=("PNG", "WEBP", "JPEG")) as image:
            text = own_chunk(image)
            if text is None:
                raise BadRequest(
                    "holds no recipe of ours, so there is nothing to draw it again from",
                    field="file",
                    value=str(path),
                    hint="use a picture that sdplay saved and no other program has saved since",
                )
            return parse_chunk(text), np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise BadRequest("no such file", field="file", value=str(path)) from None
    except (UnidentifiedImageError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadRequest(
            f"is no picture that can be read: {error}", field="file", value=str(path)
        ) from None
