"""Rows of the table of pictures: written, and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sdplay.server.records import StoredPicture
from sdplay.server.words import search_words

COLUMNS = ", ".join(f'"{one.name}"' for one in fields(StoredPicture))
OF_JOB = "job = ? AND job != ''"  # in these words the index of the jobs is used
SEARCHED = ("prompt", "negative_prompt", "model", "seed", "file", "program", "created")
UNSAID: Mapping[str, Any] = {"prompt": "", "negative_prompt": "", "model": "", "seed": 0, "program": "sdplay"}


def stored(row: sqlite3.Row) -> StoredPicture:
    """The picture of a row that was asked for by `COLUMNS`."""
    values: dict[str, Any] = dict(row)
    values["starred"] = bool(values["starred"])
    return StoredPicture(**values)


def insert_picture(db: sqlite3.Connection, picture: Mapping[str, Any]) -> int | None:
    """Put a picture, fields of a `StoredPicture`, into the table; its number, None if that one of its job is there."""
    values = {**picture, "words": words_of_row(picture)}
    columns, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
    cursor = db.execute(f"INSERT OR IGNORE INTO pictures ({columns}) VALUES ({marks})", tuple(values.values()))
    return cursor.lastrowid if cursor.rowcount else None


def update_picture(db: sqlite3.Connection, number: int, picture: Mapping[str, Any]) -> None:
    """Write what a picture's file says now; `picture` has all fields that are searched."""
    values = {**picture, "words": words_of_row(picture)}
    changes = ", ".join(f'"{name}" = ?' for name in values)
    db.execute(f"UPDATE pictures SET {changes} WHERE id = ?", (*values.values(), number))


def words_of_row(picture: Mapping[str, Any]) -> str:
    known = {**UNSAID, **picture}
    return search_words(*(known[name] for name in SEARCHED))
