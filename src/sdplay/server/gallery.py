"""Finished pictures and uploads, as the service's database lists them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sdplay.server.database import Database
from sdplay.server.filters import AFTER, BEFORE, ORDERS, Order, PictureFilter
from sdplay.server.marks import Mark, MarkJournal, mark_of
from sdplay.server.records import GONE, HERE, TRASH, Change, StoredPicture, Upload
from sdplay.server.rows import COLUMNS, insert_picture, stored

EVERYTHING = PictureFilter()
MARKED = "file, starred, rating"
UNREAD = {"place": GONE, "media_type": "", "width": 0, "height": 0}
MOST_TOLD = 1000  # numbers of pictures in one event
MOST_ASKED = 500  # values in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What there is to choose from: how many pictures, starred ones, and ones in the trash; how many by each model."""

    total: int
    starred: int
    trash: int
    models: dict[str, int]


class Gallery:
    """The pictures that were drawn or put into a folder, and those that clients sent."""

    def __init__(self, database: Database, journal: MarkJournal) -> None:
        self._database, self._journal = database, journal

    def picture(self, number: int) -> StoredPicture | None:
        rows = self._database.look(f"SELECT {COLUMNS} FROM pictures WHERE id = ?", (number,))
        return stored(rows[0]) if rows else None

    def pictures(
        self,
        *,
        job: str | None = None,
        before: int | None = None,
        text: str = "",
        model: str = "",
        limit: int = 50,
    ) -> list[StoredPicture]:
        """Pictures, the newest first, after the one with the number `before`; or all of a `job` in their order."""
        wanted = PictureFilter(job=job, text=text, model=model)
        if job is None:
            return self.window(wanted, "newest", 0, limit, before)
        return self._page(*wanted.where(), '"index"', limit, 0)

    def window(
        self, wanted: PictureFilter, order: Order, offset: int, limit: int, before: int | None = None
    ) -> list[StoredPicture]:
        """The pictures at places `offset` to `offset + limit` of those that are `wanted`; with `before` of the older
        ones among these.
        """
        where, values = wanted.where()
        if before is not None:
            where, values = f"{where} AND {AFTER}", [*values, before]
        return self._page(where, values, ORDERS[order], limit, offset)

    def _page(self, where: str, values: Sequence[object], order: str, limit: int, offset: int) -> list[StoredPicture]:
        inner = f"SELECT id FROM pictures WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        numbers = [row[0] for row in self._database.look(inner, [*values, limit, offset])]
        marks = ", ".join("?" * len(numbers))
        rows = self._database.look(f"SELECT {COLUMNS} FROM pictures WHERE id IN ({marks})", numbers)
        found = {row["id"]: stored(row) for row in rows}
        return [found[number] for number in numbers if number in found]

    def count(self, wanted: PictureFilter = EVERYTHING) -> int:
        where, values = wanted.where()
        return self._database.look(f"SELECT COUNT(*) FROM pictures WHERE {where}", values)[0][0]

    def last(self) -> int:
        """The highest number that any picture has, or had."""
        rows = self._database.look("SELECT seq FROM sqlite_sequence WHERE name = 'pictures'")
        return rows[0][0] if rows else 0

    def place_of(self, number: int, wanted: PictureFilter, order: Order) -> int | None:
        """At which place of those that are `wanted` a picture is; None if it is not among them."""
        where, values = wanted.where()
        if not self._database.look(f"SELECT 1 FROM pictures WHERE {where} AND id = ?", [*values, number]):
            return None
        query = f"SELECT COUNT(*) FROM pictures WHERE {where} AND {BEFORE[order]}"
        return self._database.look(query, [*values, number])[0][0]

    def numbers(self, wanted: PictureFilter, order: Order, offset: int, limit: int) -> list[int]:
        """The numbers of the pictures at these places; SQLite puts them into one text, which is the fastest way."""
        where, values = wanted.where()
        inner = f"SELECT id FROM pictures WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"
        text = self._database.look(f"SELECT group_concat(id) FROM ({inner})", [*values, limit, offset])[0][0]
        return [int(number) for number in text.split(",")] if text else []

    def facets(self) -> Facets:
        models = self._database.look(
            "SELECT model, COUNT(*) FROM pictures WHERE place = ? GROUP BY model ORDER BY 2 DESC", (HERE,)
        )
        return Facets(
            total=sum(row[1] for row in models),
            starred=self.count(PictureFilter(starred=True)),
            trash=self.count(PictureFilter(trash=True)),
            models={row[0]: row[1] for row in models if row[0]},
        )

    def mark(self, numbers: Sequence[int], *, starred: bool | None = None, rating: int | None = None) -> int:
        """Star pictures, or take the star away; rate them, 0 for none. How many were there."""
        marks = {name: int(value) for name, value in (("starred", starred), ("rating", rating)) if value is not None}
        sets = ", ".join(f"{name} = ?" for name in marks)
        there = list[sqlite3.Row]()
        with self._database.transaction() as (db, changes):
            for some in parts(numbers):
                asked = ", ".join("?" * len(some))
                query = f"UPDATE pictures SET {sets} WHERE id IN ({asked}) RETURNING id, {MARKED}"
                there += db.execute(query, (*marks.values(), *some)).fetchall()
            if there:
                changes.append(changed_event("marked", [row["id"] for row in there]))
                self._journal.note(map(mark_of, there))  # in the order of the transactions
        return len(there)

    def marks(self) -> list[Mark]:
        """The stars and ratings that pictures have."""
        rows = self._database.look(f"SELECT {MARKED} FROM pictures WHERE starred = 1 OR rating > 0")
        return [mark_of(row) for row in rows]

    def restore_marks(self, marks: Sequence[Mark]) -> None:
        """Give pictures their stars and ratings back. A file that is not listed yet is put in as one that is gone: its
        marks are remembered until the next look at the folders finds it.
        """
        with self._database.transaction() as (db, _):
            for mark in marks:
                values = {"starred": mark.starred, "rating": mark.rating}
                query = f"UPDATE pictures SET starred = ?, rating = ? WHERE file = ? AND place = {HERE}"
                if not db.execute(query, (*values.values(), mark.file)).rowcount:
                    insert_picture(db, {**UNREAD, **values, "file": mark.file, "created": time.time()})

    def forget_picture(self, number: int) -> None:
        with self._database.transaction() as (db, changes):
            db.execute("DELETE FROM pictures WHERE id = ?", (number,))
            changes.append(Change(type="forgotten", job="", data={"picture": number}))

    def trashed(self) -> list[StoredPicture]:
        rows = self._database.read(f"SELECT {COLUMNS} FROM pictures WHERE place = ?", (TRASH,))
        return [stored(row) for row in rows]

    def add_upload(self, upload: Upload) -> None:
        fields = asdict(upload)
        with self._database.transaction() as (db, _):
            db.execute(
                f"INSERT OR IGNORE INTO uploads ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})",
                tuple(fields.values()),
            )

    def upload(self, name: str) -> Upload | None:
        rows = self._database.read("SELECT * FROM uploads WHERE id = ?", (name,))
        return Upload(**dict(rows[0])) if rows else None

    def restore(self, job: str, pictures: Sequence[Mapping[str, Any]]) -> None:
        """Put in an ended job and its pictures, which were read from files. A picture has the fields of a
        `StoredPicture` but for `id` and `job`, and the `mode` of its job.
        """
        first = pictures[0]
        with self._database.transaction() as (db, _):
            db.execute(
                "INSERT OR IGNORE INTO jobs (id, mode, request, state, priority, position, total, done, seed, recipe, "
                "source, created, ended) VALUES (?, ?, '{}', 'completed', 0, 0, ?, ?, ?, ?, 'restored', ?, ?)",
                (
                    *(job, first["mode"], len(pictures), len(pictures)),
                    *(first["seed"], first["recipe"], first["created"], first["created"]),
                ),
            )
            for picture in pictures:
                insert_picture(db, {name: value for name, value in picture.items() if name != "mode"} | {"job": job})


def parts(numbers: Sequence[int]) -> list[Sequence[int]]:
    """`numbers` in parts that one statement takes."""
    return [numbers[start : start + MOST_ASKED] for start in range(0, len(numbers), MOST_ASKED)]


def changed_event(how: str, numbers: Sequence[int]) -> Change:
    """What listeners are told: `how` is found, marked, trashed, restored, gone or deleted. Of very many pictures only
    how many they are.
    """
    told = {"pictures": list(numbers)} if len(numbers) <= MOST_TOLD else {}
    return Change(type="changed", job="", data={"how": how, "count": len(numbers), **told})
