"""The list of pictures as a scan of the folders corrects it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.server.database import Database
from sdplay.server.folders import PictureFolders, job_of
from sdplay.server.gallery import changed_event
from sdplay.server.marks import MarkJournal, mark_of
from sdplay.server.records import FILMS, GONE, HERE, TRASH
from sdplay.server.rows import COLUMNS, insert_picture, stored, update_picture

KEPT = 30 * 24 * 60 * 60  # seconds after which a picture that is gone, and was neither starred nor rated, is forgotten
OF_A_JOB = {"job", "index", "seconds", "created", "recipe", "digest", "mode"}  # what a changed file cannot change
FORGOTTEN = f"place = {GONE} AND starred = 0 AND rating = 0"
STATE = "id, file, bytes, changed, place"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A listed file, as it was when it was read; `changed` is 0 for one that was not read yet."""

    id: int
    file: str
    bytes: int
    changed: int
    here: bool


def known(row: sqlite3.Row) -> KnownFile:
    place = row["place"]
    return KnownFile(id=row["id"], file=row["file"], bytes=row["bytes"], changed=row["changed"], here=place == HERE)


def prefix(folder: Path) -> str:
    """How the paths of all files in `folder` begin."""
    return f"{folder.as_posix()}/"


class PictureIndex:
    """Reads and corrects the list. Every change is made only where the list still says what it said before."""

    def __init__(self, database: Database, journal: MarkJournal) -> None:
        self._database, self._journal = database, journal

    def files_in(self, folder: Path) -> dict[str, KnownFile]:
        """The files of `folder` itself, by their paths: those that are there, and those that are gone."""
        itself = "instr(substr(file, ?), '/') = 0"
        return {one.file: one for one in self._below(folder, f"place != {TRASH} AND {itself}", len(prefix(folder)) + 1)}

    def files_below(self, folder: Path) -> list[KnownFile]:
        """Those that are listed as there in `folder` and below it."""
        return self._below(folder, f"place = {HERE}")

    def folders(self) -> set[str]:
        """Those in which a picture is listed as there, but for films."""
        folder = "rtrim(rtrim(file, replace(file, '/', '')), '/')"
        where = f"place = {HERE} AND file NOT LIKE '{FILMS}%'"
        rows = self._database.look(f"SELECT DISTINCT {folder} FROM pictures INDEXED BY pictures_file WHERE {where}")
        return {row[0] for row in rows}

    def _below(self, folder: Path, where: str, *values: object) -> list[KnownFile]:
        start = prefix(folder)
        rows = self._database.look(
            f"SELECT {STATE} FROM pictures INDEXED BY pictures_file WHERE file >= ? AND file < ? AND {where}",
            (start, f"{start[:-1]}0", *values),  # "0" comes after "/"
        )
        return [known(row) for row in rows]

    def set_gone(self, gone: Sequence[KnownFile]) -> int:
        """Somebody took the files away. Their stars and ratings are remembered, should they come back."""
        return self._set(gone, "gone", f"place = {GONE}, removed = {time.time()}", f"place = {HERE}")

    def set_back(self, back: Sequence[KnownFile]) -> int:
        return self._set(back, "found", f"place = {HERE}, removed = NULL", f"place = {GONE}")

    def _set(self, files: Sequence[KnownFile], how: str, sets: str, only: str) -> int:
        if not files:
            return 0
        with self._database.transaction() as (db, changes):
            numbers = [
                row[0]
                for one in files
                for row in db.execute(f"UPDATE pictures SET {sets} WHERE id = ? AND {only} RETURNING id", (one.id,))
            ]
            changes += [changed_event(how, numbers)] if numbers else []
        return len(numbers)

    def moved(
        self, new: Mapping[str, tuple[int, int]]
    ) -> tuple[list[tuple[KnownFile, str]], dict[str, tuple[int, int]]]:
        """([(what was listed elsewhere, where it is now)], files that are really new): a file that was moved has the
        size and the time, to the nanosecond, of one that is gone.
        """
        rows = self._database.read(f"SELECT {STATE} FROM pictures WHERE place = {GONE}") if new else []
        lost = {(row["bytes"], row["changed"]): known(row) for row in rows if row["changed"]}
        moved, really_new = list[tuple[KnownFile, str]](), dict[str, tuple[int, int]]()
        for file, state in new.items():
            one = lost.pop(state, None)
            if one is None:
                really_new[file] = state
            else:
                moved.append((one, file))
        return moved, really_new

    def set_moved(self, moved: Sequence[tuple[KnownFile, str]]) -> int:
        if not moved:
            return 0
        with self._database.transaction() as (db, changes):
            for one, file in moved:
                sets, where = f"file = ?, place = {HERE}, removed = NULL", f"id = ? AND place = {GONE}"
                query = f"UPDATE pictures SET {sets} WHERE {where} RETURNING file, starred, rating"
                marks = map(mark_of, db.execute(query, (file, one.id)).fetchall())
                self._journal.note(mark for mark in marks if mark.starred or mark.rating)
            changes.append(changed_event("found", [one.id for one, _ in moved]))
        return len(moved)

    def add(self, found: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """List files that were read, but for those that a job is about to list itself."""
        if not found:
            return 0
        with self._database.transaction() as (db, changes):
            numbers = list[int]()
            for file, facts in found:
                row = {name: value for name, value in facts.items() if name != "mode"} | {"file": file}
                job, index = job_of(Path(file))
                state = db.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()
                if state is not None and state[0] in {"queued", "running"}:
                    continue
                if db.execute(f"SELECT 1 FROM pictures WHERE file = ? AND place != {TRASH}", (file,)).fetchone():
                    continue
                number = insert_picture(db, {**row, "job": job, "index": index}) if index is not None else None
                number = insert_picture(db, row) if number is None else number
                numbers += [number] if number is not None else []
            changes += [changed_event("found", numbers)] if numbers else []
        return len(numbers)

    def refresh(self, read: Sequence[tuple[KnownFile, Mapping[str, Any]]]) -> int:
        """Write what files say that changed since they were read, or were not read before."""
        if not read:
            return 0
        with self._database.transaction() as (db, changes):
            for one, facts in read:
                row = db.execute(f"SELECT {COLUMNS} FROM pictures WHERE id = ?", (one.id,)).fetchone()
                if row is None:
                    continue
                before = stored(row)
                kept = OF_A_JOB if before.job or before.is_film else {"mode"}
                now = {name: value for name, value in facts.items() if name not in kept}
                update_picture(db, one.id, {"created": before.created, "file": one.file, **now})
            changed = [one.id for one, _ in read if one.changed]
            changes += [changed_event("changed", changed)] if changed else []
        return len(changed)

    def reconcile(self, folders: PictureFolders) -> None:
        """Correct what a crash left between a file and its row, films whose files are gone, and forget what is gone
        for long.
        """
        with self._database.transaction() as (db, _):
            db.execute(f"DELETE FROM pictures WHERE {FORGOTTEN} AND removed < ?", (time.time() - KEPT,))
            for row in db.execute(f"SELECT {COLUMNS} FROM pictures WHERE place = {TRASH}").fetchall():
                picture = stored(row)
                if folders.in_trash(picture).is_file():
                    continue
                place = HERE if Path(picture.file).is_file() else GONE
                db.execute("UPDATE pictures SET place = ?, removed = ? WHERE id = ?", (place, time.time(), picture.id))
            for row in db.execute(f"SELECT {COLUMNS} FROM pictures WHERE place = {HERE} AND file LIKE '{FILMS}%'"):
                if not Path(row["file"]).is_file():
                    db.execute(f"UPDATE pictures SET place = {GONE} WHERE id = ?", (row["id"],))
