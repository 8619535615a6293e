"""Finished pictures and uploads, as the service's database lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sdplay.server.database import Database
from sdplay.server.records import Change, StoredPicture, Upload


class Gallery:
    """The pictures that were drawn, and those that clients sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def picture(self, number: int) -> StoredPicture | None:
        rows = self._database.read("SELECT * FROM pictures WHERE id = ?", (number,))
        return StoredPicture(**dict(rows[0])) if rows else None

    def pictures(
        self, *, job: str | None = None, before: int | None = None, text: str = "", model: str = "", limit: int = 50
    ) -> list[StoredPicture]:
        """Pictures, the newest first, or all of a `job` in their order; `text` is looked for in prompts."""
        where, values = list[str](), list[object]()
        for clause, value in (
            ("job = ?", job),
            ("id < ?", before),
            ("prompt LIKE ? ESCAPE '\\'", f"%{escaped(text)}%" if text else None),
            ("model = ?", model or None),
        ):
            if value is not None:
                where.append(clause)
                values.append(value)
        clause = f"WHERE {' AND '.join(where)} " if where else ""
        order = '"index"' if job is not None else "id DESC"
        rows = self._database.read(f"SELECT * FROM pictures {clause}ORDER BY {order} LIMIT ?", [*values, limit])
        return [StoredPicture(**dict(row)) for row in rows]

    def forget_picture(self, number: int) -> None:
        with self._database.transaction() as (db, changes):
            db.execute("DELETE FROM pictures WHERE id = ?", (number,))
            changes.append(Change(type="forgotten", job="", data={"picture": number}))

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
                fields = {name: value for name, value in picture.items() if name != "mode"} | {"job": job}
                columns = ", ".join(f'"{name}"' for name in fields)
                db.execute(
                    f"INSERT OR IGNORE INTO pictures ({columns}) VALUES ({', '.join('?' * len(fields))})",
                    tuple(fields.values()),
                )


def escaped(text: str) -> str:
    """`text` for LIKE, where % and _ stand for others."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
