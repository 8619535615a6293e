"""The service's SQLite file: opened, checked, and changed in transactions that are on the disk before they return."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sdplay.core.errors import DiskFull, SdplayError, StoreError
from sdplay.server.records import Change
from sdplay.server.schema import SCHEMA, bring_up_to_date

FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
READER_CACHE = 64 * 1024  # KiB


class NewerQueue(StoreError):
    """The queue was written by a newer version."""


class DamagedQueue(StoreError):
    """The file is not a queue that can be read."""


class Database:
    """The file `path`, used from several threads. WAL and synchronous=FULL: what was committed survives a power cut.

    `changed` is called with every `Change` once it is on the disk.
    """

    def __init__(self, path: Path, changed: Callable[[Change], None] = lambda change: None) -> None:
        self._path, self._changed = path, changed
        self._lock = threading.RLock()
        self._connection = opened(path)
        self._reading = threading.RLock()
        self._reader = reader_of(path)

    def close(self) -> None:
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[tuple[sqlite3.Connection, list[Change]]]:
        """One transaction. Changes that are put into the list become events, and are told once they are on the disk."""
        changes: list[Change] = []
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection, changes
                changes[:] = [self._recorded(change) for change in changes]
                self._connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.DatabaseError):
                    raise queue_error(error, self._path) from error
                raise
            for change in changes:  # inside of the lock, so that they are told in their order
                self._changed(change)

    def _recorded(self, change: Change) -> Change:
        cursor = self._connection.execute(
            "INSERT INTO events (job, type, data) VALUES (?, ?, ?)", (change.job, change.type, json.dumps(change.data))
        )
        return Change(type=change.type, job=change.job, data=change.data, id=cursor.lastrowid)

    def read(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise queue_error(error, self._path) from error

    def look(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """As `read`, of what was committed: through a connection of its own, so that a long search keeps nobody who
        writes waiting.
        """
        with self._reading:
            try:
                return self._reader.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise queue_error(error, self._path) from error


def reader_of(path: Path) -> sqlite3.Connection:
    """A connection to the database `path`, which is there, that changes nothing."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE}")
    return connection


def opened(path: Path) -> sqlite3.Connection:
    """The database at `path`, made if it is not there; raises `NewerQueue`, `DamagedQueue` or `StoreError`."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            connection.close()
            raise NewerQueue(
                f"this queue was written by a newer version (format {version}, this version knows {SCHEMA})",
                field="SDPLAY_HOME",
                value=str(path),
                hint="use that version, or another folder with SDPLAY_HOME",
            )
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            connection.close()
            raise sqlite3.DatabaseError("its pages contradict each other")
        bring_up_to_date(connection, version)
    except sqlite3.DatabaseError as error:
        raise queue_error(error, path) from error
    return connection


def queue_error(error: sqlite3.DatabaseError, path: Path) -> SdplayError:
    """The error of our tree for what SQLite said."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in FULL:
        return DiskFull("no space is left for the queue", field="SDPLAY_HOME", value=str(path), hint="free some space")
    if isinstance(error, sqlite3.OperationalError):
        reason, hint = f"the queue cannot be used: {error}", "see that the folder can be read and written"
        return StoreError(reason, field="SDPLAY_HOME", value=str(path), hint=hint)
    return DamagedQueue(f"the queue is damaged: {error}", field="SDPLAY_HOME", value=str(path))
