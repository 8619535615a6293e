"""The durable queue: jobs and what happened to them. What it accepted is there after any crash.

Only the attempt that a job was claimed with may change it further: what comes from an older one is turned away (a
fencing token).
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sdplay.core.warning import RequestWarning
from sdplay.server.database import Database
from sdplay.server.notes import as_data, from_data
from sdplay.server.records import ENDED, GONE, HERE, Change, Job, State, StoredPicture, new_id
from sdplay.server.rows import COLUMNS, OF_JOB, insert_picture, stored

LEASE = 60.0  # seconds after which a job whose runner was not heard of is taken from it
MOST_DEATHS = 3
KEPT_EVENTS = 20_000
NOTHING: Mapping[str, Any] = {}
THIS = f'{OF_JOB} AND "index" = ?'
JOB_COLUMNS = (
    "id, mode, request, state, priority, position, attempt, deaths, total, done, seed, recipe, key, source, created, "
    "started, ended, error, notes"
)


class JobQueue:
    """The jobs of a database. `clock` gives the time of a lease, which is not the time of day: that may be set back."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self.work = threading.Condition()  # notified when a job may be waiting

    # Jobs: from being accepted to their end

    def accept(
        self,
        mode: str,
        request: Mapping[str, Any],
        *,
        total: int,
        seed: int,
        recipe: str,
        key: str | None = None,
        source: str = "api",
        priority: int = 0,
        notes: Sequence[RequestWarning] = (),
    ) -> Job:
        """A new job at the end of its priority; the one that is there already under the same `key`."""
        now = time.time()
        with self._database.transaction() as (db, changes):
            if key is not None:
                known = db.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE key = ?", (key,)).fetchone()
                if known is not None:
                    return job_of(known)
            last = db.execute("SELECT COALESCE(MAX(position), 0) FROM jobs").fetchone()[0]
            job = Job(
                id=new_id(now),
                mode=mode,
                request=dict(request),
                state="queued",
                priority=priority,
                position=last + 1,
                attempt=0,
                deaths=0,
                total=total,
                done=0,
                seed=seed,
                recipe=recipe,
                key=key,
                source=source,
                created=now,
                notes=tuple(notes),
            )
            db.execute(
                "INSERT INTO jobs (id, mode, request, state, priority, position, total, seed, recipe, key, source, "
                "created, notes) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(job.id, mode, json.dumps(job.request), priority, job.position, total, seed, recipe),
                    *(key, source, now, json.dumps([*map(as_data, notes)])),
                ),
            )
            changes.append(Change(type="queued", job=job.id, data={"mode": mode, "total": total, "source": source}))
        self.notify()
        return job

    def claim(self) -> Job | None:
        """The next job, now running and leased to the caller; None if none waits or the queue is paused."""
        with self._database.transaction() as (db, changes):
            if self.paused:
                return None
            row = db.execute(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, lease = ?, started = COALESCE(started, ?) "
                "WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, position LIMIT 1) "
                f"RETURNING {JOB_COLUMNS}",
                (self._clock() + LEASE, time.time()),
            ).fetchone()
            if row is None:
                return None
            job = job_of(row)
            changes.append(Change(type="started", job=job.id, data={"attempt": job.attempt}))
        return job

    def keep_alive(self, job: Job) -> bool:
        """Prolong the lease of a claimed job; False if it was taken away or is to be cancelled."""
        with self._database.transaction() as (db, _):
            row = db.execute(
                "UPDATE jobs SET lease = ? WHERE id = ? AND attempt = ? AND state = 'running' RETURNING cancelling",
                (self._clock() + LEASE, job.id, job.attempt),
            ).fetchone()
        return row is not None and not row[0]

    def add_picture(
        self, job: Job, picture: Mapping[str, Any], *, beside: bool = False, told: Mapping[str, Any] = NOTHING
    ) -> StoredPicture | None:
        """Record a finished picture of a claimed job; None if the job was taken away since.

        A picture that is recorded already stays, so none is ever listed twice. `picture` has the fields of a
        `StoredPicture` but for `id`, `job` and `created`. One `beside` those that a job is counted by (a film, the
        sheet of a grid) does not count. `told` is what listeners are told besides.
        """
        now = time.time()
        with self._database.transaction() as (db, changes):
            if not self._holds(db, job):
                return None
            added = insert_picture(db, {**picture, "job": job.id, "created": now})
            this = (job.id, picture["index"])
            if added is None:  # drawn before; where somebody took that file away, this one takes its place
                db.execute(f"UPDATE pictures SET place = {HERE} WHERE {THIS} AND place = {GONE}", this)
            picture_now = stored(db.execute(f"SELECT {COLUMNS} FROM pictures WHERE {THIS}", this).fetchone())
            if not beside:
                done = db.execute(f"SELECT COUNT(*) FROM pictures WHERE {OF_JOB}", (job.id,)).fetchone()[0]
                db.execute("UPDATE jobs SET deaths = 0, done = ? WHERE id = ?", (done, job.id))
            if added is not None:
                data = {"index": picture_now.index, "picture": picture_now.id, **told}
                changes.append(Change(type="picture", job=job.id, data=data))
        return picture_now

    def set_done(self, job: Job, done: int) -> None:
        """Record that `done` frames of a film are on the disk."""
        with self._database.transaction() as (db, _):
            db.execute(
                "UPDATE jobs SET done = ?, deaths = 0 WHERE id = ? AND attempt = ? AND state = 'running'",
                (done, job.id, job.attempt),
            )

    def finish(self, job: Job, state: State, error: Mapping[str, Any] | None = None) -> bool:
        """End a claimed job; False if it was taken away since."""
        with self._database.transaction() as (db, changes):
            if not self._holds(db, job):
                return False
            self._end(db, changes, job.id, state, error)
        return True

    def give_back(self, job: Job, *, died: Mapping[str, Any] | None = None) -> None:
        """Put a claimed job back to where it was in the queue; with `died` because a process died drawing it: a job
        that did so three times since its last picture has failed, with that as its error.
        """
        with self._database.transaction() as (db, changes):
            if not self._holds(db, job):
                return
            if died is not None:
                deaths = db.execute(
                    "UPDATE jobs SET deaths = deaths + 1 WHERE id = ? RETURNING deaths", (job.id,)
                ).fetchone()[0]
                if deaths >= MOST_DEATHS:
                    self._end(db, changes, job.id, "failed", died)
                    return
            self._requeue(db, changes, job.id)
        self.notify()

    def recover(self) -> int:
        """After a start: every job that was running waits again, at its place; how many these are."""
        with self._database.transaction() as (db, changes):
            running = [row[0] for row in db.execute("SELECT id FROM jobs WHERE state = 'running'").fetchall()]
            for name in running:
                self._requeue(db, changes, name)
        return len(running)

    def reap(self) -> list[str]:
        """Put jobs back whose runner was not heard of for the length of a lease; their ids."""
        with self._database.transaction() as (db, changes):
            rows = db.execute("SELECT id FROM jobs WHERE state = 'running' AND lease < ?", (self._clock(),)).fetchall()
            for row in rows:
                self._requeue(db, changes, row[0])
        if rows:
            self.notify()
        return [row[0] for row in rows]

    def cancel(self, name: str) -> Job | None:
        """Cancel a job: at once if it waits, after its current step if it runs. None if there is no such job."""
        with self._database.transaction() as (db, changes):
            row = db.execute("SELECT state FROM jobs WHERE id = ?", (name,)).fetchone()
            if row is None:
                return None
            if row[0] == "queued":
                self._end(db, changes, name, "cancelled", None)
            elif row[0] == "running":
                db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (name,))
        return self.job(name)

    def retry(self, name: str) -> Job | None:
        """Let a job that failed or was cancelled wait again, at the end of its priority; None if it is not one."""
        with self._database.transaction() as (db, changes):
            row = db.execute(
                "UPDATE jobs SET state = 'queued', deaths = 0, error = NULL, ended = NULL, cancelling = 0, "
                "position = (SELECT COALESCE(MAX(position), 0) + 1 FROM jobs) "
                "WHERE id = ? AND state IN ('failed', 'cancelled') RETURNING id",
                (name,),
            ).fetchone()
            if row is None:
                return None
            changes.append(Change(type="queued", job=name))
        self.notify()
        return self.job(name)

    def move(self, name: str, *, priority: int | None = None, before: str | None = None) -> Job | None:
        """Give a waiting job another priority, or the place before another waiting job, "" for the first place.

        None if one of them does not wait.
        """
        with self._database.transaction() as (db, changes):
            rows = db.execute("SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, position").fetchall()
            order = [row[0] for row in rows]
            if name not in order or (before and before not in order):
                return None
            if priority is not None:
                db.execute("UPDATE jobs SET priority = ? WHERE id = ?", (priority, name))
            if before is not None and before != name:
                order.remove(name)
                order.insert(order.index(before) if before else 0, name)
                after = order[order.index(name) + 1] if name != order[-1] else name
                db.execute(
                    "UPDATE jobs SET priority = (SELECT priority FROM jobs WHERE id = ?) WHERE id = ?", (after, name)
                )
                db.executemany("UPDATE jobs SET position = ? WHERE id = ?", enumerate(order, 1))
            changes.append(Change(type="moved", job=name))
        return self.job(name)

    def forget(self, name: str) -> bool:
        """Take an ended job out of the list; its pictures stay."""
        with self._database.transaction() as (db, changes):
            gone = db.execute("DELETE FROM jobs WHERE id = ? AND state IN (?, ?, ?)", (name, *ENDED)).rowcount > 0
            if gone:
                changes.append(Change(type="forgotten", job=name))
        return gone

    def pause(self, paused: bool) -> None:
        """Claim no more jobs, or go on."""
        with self._database.transaction() as (db, changes):
            db.execute("INSERT OR REPLACE INTO state VALUES ('paused', ?)", ("1" if paused else "0",))
            changes.append(Change(type="paused" if paused else "resumed", job=""))
        self.notify()

    @property
    def paused(self) -> bool:
        rows = self._database.read("SELECT value FROM state WHERE name = 'paused'")
        return bool(rows) and rows[0][0] == "1"

    def notify(self) -> None:
        with self.work:
            self.work.notify_all()

    # Reading

    def job(self, name: str) -> Job | None:
        rows = self._database.read(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (name,))
        return job_of(rows[0]) if rows else None

    def jobs(
        self, *, states: Sequence[str] = (), modes: Sequence[str] = (), before: str | None = None, limit: int = 50
    ) -> list[Job]:
        """Jobs, the newest first; `before` is the id of the last one of the page before."""
        named = {"state": states, "mode": modes}
        where = [f"{name} IN ({', '.join('?' * len(values))})" for name, values in named.items() if values]
        where += ["id < ?"] if before is not None else []
        clause = f"WHERE {' AND '.join(where)} " if where else ""
        values = [*states, *modes, *([before] if before is not None else []), limit]
        return [
            job_of(row)
            for row in self._database.read(f"SELECT {JOB_COLUMNS} FROM jobs {clause}ORDER BY id DESC LIMIT ?", values)
        ]

    def waiting(self, limit: int = 1000) -> list[Job]:
        """Jobs in the order in which they will be done: the running ones first."""
        return [
            job_of(row)
            for row in self._database.read(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE state IN ('queued', 'running') "
                "ORDER BY state = 'queued', priority DESC, position LIMIT ?",
                (limit,),
            )
        ]

    def count(self, *states: str) -> int:
        marks = ", ".join("?" * len(states))
        return self._database.read(f"SELECT COUNT(*) FROM jobs WHERE state IN ({marks})", states)[0][0]

    def place(self, name: str) -> int | None:
        """How many jobs come before this one; None if it does not wait."""
        rows = self._database.read("SELECT priority, position FROM jobs WHERE id = ? AND state = 'queued'", (name,))
        if not rows:
            return None
        priority, position = rows[0]
        before = self._database.read(
            "SELECT (SELECT COUNT(*) FROM jobs WHERE state = 'running') + "
            "(SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND priority > ?) + "
            "(SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND priority = ? AND position < ?)",
            (priority, priority, position),
        )
        return before[0][0]

    def is_cancelling(self, name: str) -> bool:
        rows = self._database.read("SELECT cancelling FROM jobs WHERE id = ?", (name,))
        return not rows or bool(rows[0][0])

    def events_after(self, last: int, job: str | None = None, limit: int = 1000) -> list[Change]:
        """What happened after event `last`, to all jobs or to one."""
        clause, values = ("AND job = ? ", [last, job, limit]) if job is not None else ("", [last, limit])
        rows = self._database.read(
            f"SELECT id, job, type, data FROM events WHERE id > ? {clause}ORDER BY id LIMIT ?", values
        )
        return [Change(id=row[0], job=row[1], type=row[2], data=json.loads(row[3])) for row in rows]

    def remembers(self, last: int) -> bool:
        """Whether everything after event `last` is still there, and `last` is one of this queue."""
        first, newest = self._database.read("SELECT COALESCE(MIN(id), 1), COALESCE(MAX(id), 0) FROM events")[0]
        return first - 1 <= last <= newest or last == 0

    def last_event(self) -> int:
        return self._database.read("SELECT COALESCE(MAX(id), 0) FROM events")[0][0]

    def trim(self) -> None:
        """Forget the oldest events, so that the file does not grow with every picture for ever."""
        with self._database.transaction() as (db, _):
            db.execute("DELETE FROM events WHERE id <= (SELECT MAX(id) FROM events) - ?", (KEPT_EVENTS,))

    # Parts of transactions

    @staticmethod
    def _holds(db: sqlite3.Connection, job: Job) -> bool:
        row = db.execute("SELECT state, attempt FROM jobs WHERE id = ?", (job.id,)).fetchone()
        return row is not None and tuple(row) == ("running", job.attempt)

    @classmethod
    def _requeue(cls, db: sqlite3.Connection, changes: list[Change], name: str) -> None:
        """Let a job that ran wait again, whatever became of its runner; one that was to be cancelled is."""
        if db.execute("SELECT cancelling FROM jobs WHERE id = ?", (name,)).fetchone()[0]:
            cls._end(db, changes, name, "cancelled", None)
            return
        db.execute("UPDATE jobs SET state = 'queued', lease = NULL WHERE id = ?", (name,))
        changes.append(Change(type="queued", job=name))

    @staticmethod
    def _end(
        db: sqlite3.Connection, changes: list[Change], name: str, state: State, error: Mapping[str, Any] | None
    ) -> None:
        text = json.dumps(dict(error)) if error is not None else None
        db.execute(
            "UPDATE jobs SET state = ?, error = ?, ended = ?, lease = NULL WHERE id = ?",
            (state, text, time.time(), name),
        )
        data = {"state": state} | ({"error": dict(error)} if error is not None else {})
        changes.append(Change(type="finished", job=name, data=data))


def job_of(row: sqlite3.Row) -> Job:
    fields = dict(row)
    fields["request"] = json.loads(fields["request"])
    fields["error"] = json.loads(fields["error"]) if fields["error"] else None
    fields["notes"] = tuple(map(from_data, json.loads(fields["notes"])))
    return Job(**fields)
