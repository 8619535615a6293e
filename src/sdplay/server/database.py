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

SCHEMA = 1
FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

TABLES = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, mode TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
  priority INTEGER NOT NULL, position REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
  deaths INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0,
  seed INTEGER NOT NULL, recipe TEXT NOT NULL, key TEXT UNIQUE, source TEXT NOT NULL,
  created REAL NOT NULL, started REAL, ended REAL, error TEXT, notes TEXT NOT NULL DEFAULT '[]',
  lease REAL, cancelling INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_waiting ON jobs (priority DESC, position) WHERE state = 'queued';
CREATE INDEX jobs_state ON jobs (state);
CREATE INDEX jobs_position ON jobs (position);
CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
CREATE TABLE pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, "index" INTEGER NOT NULL, file TEXT NOT NULL,
  media_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, seed INTEGER NOT NULL,
  digest TEXT NOT NULL, recipe TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, seconds REAL NOT NULL,
  created REAL NOT NULL, UNIQUE (job, "index")
);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL
);
CREATE TABLE uploads (
  id TEXT PRIMARY KEY, file TEXT NOT NULL, media_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  created REAL NOT NULL
);
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


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

    def close(self) -> None:
        with self._lock:
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
        if version == 0:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
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
