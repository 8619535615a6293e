"""Stars and ratings a second time, beside the database: what no picture says about itself, should it be damaged.

A damaged database is made anew from the pictures (`rebuild`), whose files say all but what somebody thought of them. To
write that into the files would change their digests, and files of folders that are only watched are not ours; a file
beside each picture would litter those folders. So each mark is a line in one journal, on the disk before the change is
acknowledged, whatever becomes of the database afterwards: the last line about a file counts, and a torn one is passed
over. The database stays the truth: the journal is written anew from it at each start.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sdplay.files.atomic import replace_file

MOST_RATING = 5
log = logging.getLogger("sdplay.server")


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody thinks of the picture `file`, its path below the service's folder or in a watched one."""

    file: str
    starred: bool
    rating: int


class MarkJournal:
    """The journal at `path`; used from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()

    def note(self, marks: Iterable[Mark]) -> None:
        """Add what was changed, on the disk when this returns. A failure is logged, no more: the database has it."""
        text = "".join(f"\n{json.dumps(asdict(mark), ensure_ascii=False)}" for mark in marks)
        if not text:
            return
        with self._writing:
            try:
                with self._path.open("ab") as journal:
                    journal.write(text.encode())
                    journal.flush()
                    os.fsync(journal.fileno())
            except OSError as error:
                log.warning("%s cannot be written: %s", self._path.name, error.strerror or error)

    def read(self) -> list[Mark]:
        """The marks that pictures have, by what was written last; none where there is no journal."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return []
        marks = {mark.file: mark for line in lines if (mark := parsed(line)) is not None}
        return [mark for mark in marks.values() if mark.starred or mark.rating]

    def rewrite(self, marks: Iterable[Mark]) -> None:
        """Hold these marks and no others."""
        text = "\n".join(json.dumps(asdict(mark), ensure_ascii=False) for mark in marks)
        with self._writing:
            try:
                replace_file(self._path, text.encode())
            except OSError as error:
                log.warning("%s cannot be written: %s", self._path.name, error.strerror or error)


def parsed(line: bytes) -> Mark | None:
    """The mark in a line, None for one that is torn, or damaged."""
    try:
        read: Any = json.loads(line)
    except ValueError:
        return None
    match read:
        case {"file": str(file), "starred": bool(starred), "rating": int(rating)} if 0 <= rating <= MOST_RATING:
            return Mark(file, starred, rating)
        case _:
            return None


def mark_of(row: sqlite3.Row) -> Mark:
    """That of a row of the table of pictures."""
    return Mark(row["file"], bool(row["starred"]), row["rating"])
