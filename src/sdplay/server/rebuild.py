"""A queue that cannot be read: moved aside, and its list of pictures made anew from what they say about themselves."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sdplay.core.errors import SdplayError
from sdplay.images.open import UNREADABLE
from sdplay.server.folders import NAMED
from sdplay.server.found import described
from sdplay.server.gallery import Gallery

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
    return sum(map(len, jobs.values()))
