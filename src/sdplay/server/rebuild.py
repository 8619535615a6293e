"""A queue that cannot be read: moved aside, and its list of pictures made anew from what they say about themselves."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from sdplay.core.errors import SdplayError
from sdplay.images.formats import MEDIA_TYPES
from sdplay.images.open import UNREADABLE, open_file
from sdplay.images.own import read_own
from sdplay.server.gallery import Gallery
from sdplay.server.work import words_of_picture

NAMED = re.compile(r"(?P<job>[0-9a-z]{18})-(?P<index>\d{4,})-\d+\.(png|jpg|webp|avif)")
BESIDE = ("", "-wal", "-shm")


def move_aside(database: Path) -> Path:
    """Give a damaged database another name, with what belongs to it; that name."""
    aside = database.with_name(f"{database.name}.corrupt-{int(time.time())}")
    for ending in BESIDE:
        with suppress(FileNotFoundError):
            os.replace(f"{database}{ending}", f"{aside}{ending}")
    return aside


def rebuild(gallery: Gallery, folder: Path) -> int:
    """List the pictures in `folder` again, as jobs that are completed; how many. Damaged files are left out."""
    jobs: dict[str, list[dict[str, object]]] = {}
    for path in sorted(folder.rglob("*")):
        match = NAMED.fullmatch(path.name)
        if match is None:
            continue
        with suppress(*UNREADABLE, SdplayError):
            embedded, pixels = read_own(path)
            with open_file(path) as image:
                kind = str(image.format).lower()
            height, width = pixels.shape[:2]
            recipe, number = embedded.recipe, embedded.index
            jobs.setdefault(match["job"], []).append(
                {
                    "index": int(match["index"]),
                    "file": path.as_posix(),
                    "media_type": MEDIA_TYPES[kind],  # type: ignore[index]  # `read_own` reads no others
                    "width": width,
                    "height": height,
                    "seed": recipe.seed + number,
                    "digest": embedded.digest,
                    "recipe": recipe.digest,
                    "prompt": words_of_picture(recipe, number),
                    "model": recipe.model.name,
                    "seconds": 0.0,
                    "created": path.stat().st_mtime,
                    "mode": recipe.request.mode,
                }
            )
    for job, pictures in jobs.items():
        gallery.restore(job, pictures)
    return sum(map(len, jobs.values()))
