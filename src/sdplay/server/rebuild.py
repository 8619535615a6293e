"""A queue that cannot be read: moved aside, and its list of pictures made anew from what they say about themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sdplay.core.errors import SdplayError
from sdplay.images.open import UNREADABLE
from sdplay.server.folders import NAMED
from sdplay.server.found import described
from sdplay.server.gallery import Gallery
from sdplay.server.marks import Mark

BESIDE = ("", "-wal", "-shm")


def move_aside(database: Path) -> Path:
    """Give a damaged database another name, with what belongs to it; that name."""
    aside = database.with_name(f"{database.name}.corrupt-{int(time.time())}")
    for ending in BESIDE:
        with suppress(FileNotFoundError):
            os.replace(f"{database}{ending}", f"{aside}{ending}")
    return aside


def rebuild(gallery: Gallery, folder: Path, marks: Sequence[Mark]) -> int:
    """List the pictures in `folder` again, as jobs that are completed, and give pictures their `marks` back; how many
    are listed. Damaged files are left out, and those that were not drawn here are for the next look at the folders.
    """
    jobs: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*")):
        match = NAMED.fullmatch(path.name)
        if match is None:
            continue
        with suppress(*UNREADABLE, SdplayError):
            facts = described(path)
            if facts["mode"]:
                named = {"index": int(match["index"]), "file": path.as_posix()}
                jobs.setdefault(match["job"], []).append(facts | named)
    for job, pictures in jobs.items():
        gallery.restore(job, pictures)
    gallery.restore_marks(marks)
    return sum(map(len, jobs.values()))
