"""What workers made known in a job's folder: pieces, each whole, drawn by one worker, and there from one step on.

shards/drawn/000000034/   a piece: its files, and piece.json with their sha256
shards/claims/            who draws what (see `files.claims`)
shards/opinions/          what others drew of a piece, by its digest
shards/banned/            workers that drew something else than most
shards/rejected/          what such a worker drew, and what was damaged
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sdplay.core.errors import StoreError
from sdplay.executors.audit import Opinion, piece_digest
from sdplay.files.atomic import sync_folder, write_once, writing
from sdplay.files.regular import open_regular, read_regular

SHARDS = "shards"
DRAWN, CLAIMS, OPINIONS, BANNED, REJECTED = "drawn", "claims", "opinions", "banned", "rejected"
RECORD = "piece.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceFiles:
    """Piece `number`, drawn in `seconds`: its `files` by name, the hash of what each picture shows, and `facts` that
    are to be known when it is taken into the job, as JSON can hold them.
    """

    number: int
    files: Mapping[str, bytes] = field(repr=False)
    pixels: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0

    @property
    def digest(self) -> str:
        return piece_digest(self.pixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRecord:
    """A piece that `worker` made known: `files` by the sha256 of each; `mark` stands for what it was calculated by."""

    number: int
    worker: str
    mark: str
    token: str
    seconds: float
    files: dict[str, str]
    pixels: dict[str, str]
    facts: dict[str, Any]

    @property
    def opinion(self) -> Opinion:
        return Opinion(self.worker, piece_digest(self.pixels))


class PieceStore:
    """The pieces of the job in the folder `job`. What cannot be read or written raises `DiskFull` or `StoreError`."""

    def __init__(self, job: Path) -> None:
        self.job, self.root = job, job / SHARDS

    def prepare(self) -> None:
        """Make the folders; any number of processes may."""
        with writing(self.job):
            for name in (DRAWN, CLAIMS, OPINIONS, BANNED, REJECTED):
                (self.root / name).mkdir(parents=True, exist_ok=True)

    def folder(self, number: int) -> Path:
        return self.root / DRAWN / f"{number:09d}"

    def has(self, number: int) -> bool:
        return self.folder(number).is_dir()

    def numbers(self) -> set[int]:
        """The pieces that are known."""
        try:
            with os.scandir(self.root / DRAWN) as entries:
                return {int(entry.name) for entry in entries if entry.name.isdecimal()}
        except FileNotFoundError:
            return set()

    def publish(self, piece: PieceFiles, worker: str, mark: str) -> PieceRecord:
        """Make `piece` known, once all of it is on the disk; the record of it that counts, which is another worker's if
        that was faster.
        """
        hidden = self.root / DRAWN / f".sdplay-{secrets.token_hex(8)}"
        shas = {name: hashlib.sha256(content).hexdigest() for name, content in piece.files.items()}
        record = PieceRecord(
            number=piece.number,
            worker=worker,
            mark=mark,
            token=secrets.token_hex(8),
            seconds=round(piece.seconds, 3),
            files=shas,
            pixels=dict(piece.pixels),
            facts=dict(piece.facts),
        )
        with writing(self.job):
            try:
                for name, content in {**piece.files, RECORD: json.dumps(asdict(record)).encode() + b"\n"}.items():
                    write_file(hidden / name, content)
                for folder in {hidden, *((hidden / name).parent for name in piece.files)}:
                    sync_folder(folder)
                return self._named(hidden, record)
            finally:
                shutil.rmtree(hidden, ignore_errors=True)  # there is none if it got its name

    def _named(self, hidden: Path, record: PieceRecord) -> PieceRecord:
        """Give the folder `hidden` the name of its piece, in one step that works for one of several."""
        try:
            os.rename(hidden, self.folder(record.number))
            sync_folder(self.root / DRAWN)
        except OSError:
            if not self.has(record.number):
                raise
            return self.read(record.number)  # our own, if the request was sent twice
        return record

    def read(self, number: int) -> PieceRecord:
        """The record of a piece that is known; raises `StoreError` if it is damaged."""
        path = self.folder(number) / RECORD
        try:
            record = RECORDS.validate_json(read_regular(path))
        except (OSError, ValidationError) as error:
            raise damaged(path, error) from None
        if record.number != number:
            raise damaged(path, f"it is that of piece {record.number}")
        return record

    def check(self, number: int) -> PieceRecord:
        """As `read`, once every file of the piece was found to be as it was written."""
        record = self.read(number)
        for name, sha in record.files.items():
            path = self.folder(number) / name
            try:
                with open_regular(path) as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise damaged(path, error) from None
            if found != sha:
                raise damaged(path, "its sha256 is another")
        return record

    def content(self, number: int, name: str) -> bytes:
        path = self.folder(number) / name
        try:
            return read_regular(path)
        except OSError as error:
            raise damaged(path, error) from None

    def reject(self, number: int) -> None:
        """Put a piece aside: it is to be drawn again. What others said of it goes too."""
        aside = self.root / REJECTED / f"{number:09d}-{secrets.token_hex(4)}"
        with writing(self.job), suppress(FileNotFoundError):  # somebody else did
            os.rename(self.folder(number), aside)
        for path in self._opinion_files():
            if path.name.startswith(f"{number:09d}."):
                path.unlink(missing_ok=True)

    def say(self, number: int, opinion: Opinion) -> None:
        """Keep what another worker drew of a piece."""
        said = {"piece": number, "worker": opinion.worker, "digest": opinion.digest}
        write_once(as_line(said), self.root / OPINIONS / f"{number:09d}.{secrets.token_hex(8)}")

    def opinions(self) -> Iterator[tuple[int, Opinion]]:
        """What was said of pieces by others than who made them known; a file that cannot be read says nothing."""
        for path in self._opinion_files():
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(read_regular(path))
                yield int(said["piece"]), Opinion(str(said["worker"]), str(said["digest"]))

    def _opinion_files(self) -> list[Path]:
        folder = self.root / OPINIONS
        return sorted(path for path in folder.glob("*.*") if path.name[:9].isdecimal())

    def ban(self, worker: str) -> bool:
        """Let `worker` get no more; whether that is new."""
        name = hashlib.sha256(worker.encode()).hexdigest()[:16]
        return write_once(as_line({"worker": worker}), self.root / BANNED / name)

    def banned(self) -> set[str]:
        found: set[str] = set()
        for path in (self.root / BANNED).glob("*"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                found.add(str(json.loads(read_regular(path))["worker"]))
        return found

    def keep(self, name: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Write `content` as `name` unless that is there; what is there then."""
        path = self.root / name
        write_once(as_line(content), path)
        try:
            return dict(json.loads(read_regular(path)))
        except (OSError, ValueError, TypeError) as error:
            raise damaged(path, error) from None

    def clear(self) -> None:
        """Take all of it away: the pieces are in the job now."""
        shutil.rmtree(self.root, ignore_errors=True)


RECORDS = TypeAdapter(PieceRecord)


def write_file(path: Path, content: bytes) -> None:
    """Bring a new file to the disk, and its folder into being."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def as_line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(content)).encode() + b"\n"


def damaged(path: Path, why: object) -> StoreError:
    reason = f"is damaged or missing: {' '.join(str(why).split())[:100]}"
    return StoreError(reason, field="piece", value=str(path), hint="`sdplay join` puts it aside, to be drawn again")
