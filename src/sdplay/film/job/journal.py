"""The record of a job's finished segments: a line each, with a checksum, believed up to the first damaged one."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sdplay.core.errors import StoreError
from sdplay.files.atomic import replacing, sync_folder
from sdplay.files.regular import why_not_opened

LINE = re.compile(rb'([0-9a-f]{8}) (\{"unit": (\d+), .*\})\n')
OWN = ("unit", "first", "stop", "seconds", "sha", "keys", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """One finished segment of a film, by its `number`; the journal calls it `unit`.

    Its frames are `first` up to but not including `stop`; `sha` holds the `pixel_sha` of each, `keys` that of each key
    picture by its index. `files` holds a sha256 of the file of each, first the frames, then the keys; it is empty in
    records of older versions, and no part of what a segment is. `extra` is whatever else the caller wants to know when
    it resumes (a seed, a reference), as JSON can hold it; its names may not be those of the other fields.
    """

    number: int
    first: int
    sha: tuple[str, ...]
    seconds: float = 0.0
    keys: Mapping[int, str] = field(default_factory=dict[int, str])
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.number < 0 or self.first < 0:
            raise ValueError(f"segment {self.number} and first frame {self.first} count from 0")
        if taken := self.extra.keys() & set(OWN):
            raise ValueError(f"extra may not hold {', '.join(sorted(taken))}")

    @property
    def stop(self) -> int:
        return self.first + len(self.sha)

    def line(self) -> bytes:
        """The record as its line in the journal."""
        own: dict[str, Any] = {"unit": self.number, "first": self.first, "stop": self.stop, "seconds": self.seconds}
        own |= {"sha": self.sha, "keys": self.keys} | ({"files": self.files} if self.files else {})
        body = json.dumps(own | dict(self.extra), allow_nan=False).encode()
        return b"%08x %s\n" % (zlib.crc32(body), body)

    @classmethod
    def parse(cls, body: bytes) -> SegmentRecord:
        """The record whose JSON is `body`; raises `KeyError`, `TypeError` or `ValueError` for any other JSON."""
        fields = cast("dict[str, Any]", json.loads(body))
        return cls(
            number=int(fields["unit"]),
            first=int(fields["first"]),
            sha=tuple(fields["sha"]),
            seconds=float(fields["seconds"]),
            keys={int(index): sha for index, sha in fields["keys"].items()},
            extra={name: value for name, value in fields.items() if name not in OWN},
            files=tuple(fields.get("files", ())),
        )


class Journal:
    """The finished segments in the file `path`, of which only the numbers are held in memory.

    One process at a time may have a journal open (see `JobFolder.lock`). Adding, dropping and opening raise `OSError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_damaged = False  # whether `open` cut off a whole line, as no crash leaves it
        self._index()

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Read the journal at `path` up to the first torn or damaged line and cut the file there, for good.

        A missing file is an empty journal, and is made.
        """
        with path.open("ab"):
            pass
        journal = cls(path)
        if path.stat().st_size != journal._end:
            with path.open("rb") as file:
                file.seek(journal._end)
                journal.is_damaged = b"\n" in file.read()
            journal._cut()
        sync_folder(path.parent)
        return journal

    def __contains__(self, number: int) -> bool:
        return 0 <= number < self.first_missing or number in self._later

    def __len__(self) -> int:
        return self.first_missing + len(self._later)

    def __iter__(self) -> Iterator[SegmentRecord]:
        """The records in the order they were added, read from the file each time."""
        return read_journal(self.path)

    def record(self, number: int) -> SegmentRecord:
        """The record of segment `number`; raises `KeyError` if it is not finished."""
        if number in self:
            for other, body in _bodies(self.path):
                if other == number:
                    return _parsed(body, self.path)
        raise KeyError(number)

    def add(self, *records: SegmentRecord) -> None:
        """Append `records`; once this returns they are on the disk. After an `OSError` the journal is as it was, and
        after a crash the first few of them may be there.
        """
        for record in records:
            if record.number in self:
                raise ValueError(f"segment {record.number} is in the journal already")
        lines = b"".join(record.line() for record in records)
        try:
            with self.path.open("r+b") as file:
                file.seek(self._end)
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self._cut()
            raise
        self._end += len(lines)
        for record in records:
            self._note(record.number)

    def replace(self, record: SegmentRecord) -> None:
        """Let the line of a segment be that of `record`."""
        self.drop({record.number})
        self.add(record)

    def drop(self, numbers: Collection[int]) -> None:
        """Forget these segments: write the journal again without them."""
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            for record in self:
                if record.number not in numbers:
                    file.write(record.line())
        sync_folder(self.path.parent)
        self._index()

    def _index(self) -> None:
        self.first_missing, self._later, self._end = 0, set[int](), 0
        for number, body in _bodies(self.path):
            self._note(number)
            self._end += len(body) + len(b"00000000 \n")

    def _note(self, number: int) -> None:
        """Hold segment `number` as finished: they come nearly in order, so the first missing one and a few ahead do."""
        self._later.add(number)
        while self.first_missing in self._later:
            self._later.remove(self.first_missing)
            self.first_missing += 1

    def _cut(self) -> None:
        with self.path.open("r+b") as file:
            file.truncate(self._end)
            os.fsync(file.fileno())


def check_journal(path: Path) -> None:
    """Raise `StoreError` for what is no file in the place of the journal at `path`: a pipe would be waited for."""
    if path.exists() and (reason := why_not_opened(path)):
        raise StoreError(reason, field="job", value=str(path), hint="put the file back that was there")


def read_journal(path: Path) -> Iterator[SegmentRecord]:
    """The records in the file `path` up to the first damaged line; changes nothing, so any process may look."""
    for _, body in _bodies(path):
        yield _parsed(body, path)


def _bodies(path: Path) -> Iterator[tuple[int, bytes]]:
    """The number and the JSON of every line of `path` before the first that is torn or fails its checksum."""
    with path.open("rb") as file:
        for line in file:
            match = LINE.fullmatch(line)
            if match is None or int(match[1], 16) != zlib.crc32(match[2]):
                return
            yield int(match[3]), match[2]


def _parsed(body: bytes, path: Path) -> SegmentRecord:
    try:
        return SegmentRecord.parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(
            f"holds a line that another version or program wrote: {error!r}",
            field="journal",
            value=str(path),
            hint="go on with the version that began the job, or begin a new one",
        ) from error
