"""The trash: pictures that were deleted are kept until somebody empties it, and can be put back where they were."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sdplay.files.atomic import store_error
from sdplay.server.database import Database
from sdplay.server.folders import PictureFolders
from sdplay.server.gallery import changed_event, parts
from sdplay.server.records import HERE, TRASH, StoredPicture
from sdplay.server.rows import COLUMNS, stored


class Trash:
    """Moves the files of pictures into the trash of their folder and back, and says so in the list."""

    def __init__(self, database: Database, folders: PictureFolders) -> None:
        self._database, self._folders = database, folders

    def put(self, numbers: Sequence[int]) -> list[int]:
        """Move pictures into the trash; the numbers of those that were there. Raises `StoreError`."""
        return self._each(numbers, HERE, "trashed", self._put)

    def put_back(self, numbers: Sequence[int]) -> list[int]:
        """Move pictures back to where they were, under another name if a file has theirs now. Raises `StoreError`."""
        return self._each(numbers, TRASH, "restored", self._put_back)

    def empty(self) -> list[int]:
        """Delete all files in the trash, for good; their numbers. Raises `StoreError`."""
        rows = self._database.look(f"SELECT id FROM pictures WHERE place = {TRASH}")
        return self._each([row[0] for row in rows], TRASH, "deleted", self._delete)

    def _each(
        self,
        numbers: Sequence[int],
        place: int,
        how: str,
        do: Callable[[sqlite3.Connection, StoredPicture], None],
    ) -> list[int]:
        """Do something to pictures that are at a `place`: the file first, then the row, so that a crash between the
        two is seen at the next look at the folders. What was done before an error stays done.
        """
        done, failed = list[int](), None
        for some in parts(numbers):
            with self._database.transaction() as (db, changes):
                asked = ", ".join("?" * len(some))
                query = f"SELECT {COLUMNS} FROM pictures WHERE id IN ({asked}) AND place = {place}"
                told = list[int]()
                for picture in map(stored, db.execute(query, some).fetchall()):
                    try:
                        do(db, picture)
                    except OSError as error:
                        failed = store_error(error, Path(picture.file).parent)
                        break
                    told.append(picture.id)
                changes += [changed_event(how, told)] if told else []
            done += told
            if failed is not None:
                raise failed
        return done

    def _put(self, db: sqlite3.Connection, picture: StoredPicture) -> None:
        aside = self._folders.in_trash(picture)
        aside.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            Path(picture.file).replace(aside)
        db.execute("UPDATE pictures SET place = ?, removed = ? WHERE id = ?", (TRASH, time.time(), picture.id))

    def _put_back(self, db: sqlite3.Connection, picture: StoredPicture) -> None:
        path = free_name(Path(picture.file))
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self._folders.in_trash(picture).rename(path)
        sets = "place = ?, removed = NULL, file = ?"
        db.execute(f"UPDATE pictures SET {sets} WHERE id = ?", (HERE, path.as_posix(), picture.id))

    def _delete(self, db: sqlite3.Connection, picture: StoredPicture) -> None:
        self._folders.in_trash(picture).unlink(missing_ok=True)
        db.execute("DELETE FROM pictures WHERE id = ?", (picture.id,))


def free_name(path: Path) -> Path:
    """`path`, with a number where a file has that name already."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem} ({number})")
    return free
