"""The tables of the service's database, and how those of an older version become these."""

from __future__ import annotations

import sqlite3

from sdplay.server.words import search_words

SCHEMA = 2

JOBS = """
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
"""
# `place` is 0 for a picture whose file is there, 1 for one in the trash, 2 for one whose file somebody took away, and
# `removed` since when. `bytes` and `changed` (nanoseconds) are what its file was when it was read. `job` is "" for a
# picture that was not drawn here.
PICTURES = """
CREATE TABLE pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL DEFAULT '', "index" INTEGER NOT NULL DEFAULT 0,
  file TEXT NOT NULL, media_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  seed INTEGER NOT NULL DEFAULT 0, digest TEXT NOT NULL DEFAULT '', recipe TEXT NOT NULL DEFAULT '',
  prompt TEXT NOT NULL DEFAULT '', negative_prompt TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '',
  program TEXT NOT NULL DEFAULT 'sdplay', seconds REAL NOT NULL DEFAULT 0, created REAL NOT NULL,
  starred INTEGER NOT NULL DEFAULT 0, rating INTEGER NOT NULL DEFAULT 0, place INTEGER NOT NULL DEFAULT 0,
  removed REAL, bytes INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0, words TEXT NOT NULL DEFAULT ''
);
"""
# The first of them holds all that the gallery filters by, so that a search reads nothing else.
INDEXES = """
CREATE UNIQUE INDEX pictures_job ON pictures (job, "index") WHERE job != '';
CREATE INDEX pictures_file ON pictures (file, place, bytes, changed);
CREATE INDEX pictures_newest ON pictures (place, created, id, starred, rating, model, words);
CREATE INDEX pictures_rated ON pictures (place, rating, created, id);
CREATE INDEX pictures_starred ON pictures (place, created, id) WHERE starred = 1;
"""
REST = """
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL
);
CREATE TABLE uploads (
  id TEXT PRIMARY KEY, file TEXT NOT NULL, media_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  created REAL NOT NULL
);
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
OF_FORMAT_1 = 'id, job, "index", file, media_type, width, height, seed, digest, recipe, prompt, model, seconds, created'
# The numbers of deleted pictures are never given again, so that nobody is shown another one under an old address.
FROM_1_TO_2 = f"""
ALTER TABLE pictures RENAME TO pictures_1;
{PICTURES}
INSERT INTO pictures ({OF_FORMAT_1}, words)
  SELECT {OF_FORMAT_1}, search_words(prompt, '', model, seed, file, 'sdplay', created) FROM pictures_1;
INSERT INTO sqlite_sequence (name, seq) SELECT 'pictures', 0
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'pictures');
UPDATE sqlite_sequence SET seq = (SELECT MAX(seq) FROM sqlite_sequence WHERE name IN ('pictures', 'pictures_1'))
  WHERE name = 'pictures';
DROP TABLE pictures_1;
{INDEXES}
"""
MIGRATIONS = {1: FROM_1_TO_2}


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables in an empty database, whose `version` is 0, or turn those of an older one into today's."""
    connection.create_function("search_words", 7, search_words, deterministic=True)
    steps = [MIGRATIONS[number] for number in range(version, SCHEMA)] if version else [JOBS, PICTURES, INDEXES, REST]
    if steps:
        connection.executescript(f"BEGIN; {' '.join(steps)} PRAGMA user_version = {SCHEMA}; COMMIT;")
