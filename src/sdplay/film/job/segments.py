"""The finished segments of a job and their pictures: which are whole, which are drawn again, how one is finished."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from sdplay.core.errors import NotReproduced
from sdplay.files.atomic import HIDDEN, TEMPORARY, replace_file, sync_folder, writing
from sdplay.film.job.frame_file import (
    encode_frame,
    file_sha,
    frame_name,
    is_as_written,
    pixel_sha,
    read_frame,
    with_texts,
)
from sdplay.film.job.journal import Journal, SegmentRecord, check_journal
from sdplay.images.read import Pixels

FRAMES, KEYS, DEPTH = "frames", "keys", "depth"
NUMBERED = re.compile(r"(\d{9})\.png")
UNFINISHED = (TEMPORARY, ".part")
MOST_NAMED = 10  # damaged files
MOST_MENDED = 1000  # segments whose records are held until they are drawn again
# Of a segment, the number of the chain it belongs to: one lost from a chain takes those after it along.
Chain = Callable[[int], int]


class SegmentStore:
    """The segments of the job in `folder`; made by `JobFolder.recover`, and good while the job's lock is held.

    A segment is finished once its line is in the journal, which is written after its pictures are on the disk.
    `write_frame` and `write_key` may be called from threads of their own; the rest belongs to the coordinator. Every
    method that writes raises `DiskFull` or `StoreError`, leaving nothing half-written.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self.folder, self.digest = folder, digest
        self.damaged: tuple[str, ...] = ()  # what `recover` found missing or not as the journal says
        self._spoiled: dict[int, SegmentRecord] = {}  # in the journal, to be drawn again with the same bits
        self._chain: Chain = lambda number: number
        self._file_shas: dict[Path, str] = {}  # of pictures whose segment is not finished yet
        check_journal(folder / "journal.jsonl")
        with writing(folder):
            for name in (FRAMES, KEYS, DEPTH):
                (folder / name).mkdir(exist_ok=True)
            self._journal = Journal.open(folder / "journal.jsonl")

    def __iter__(self) -> Iterator[SegmentRecord]:
        """The records of the finished segments, in the order they were finished."""
        return (record for record in self._journal if record.number not in self._spoiled)

    def __len__(self) -> int:
        return len(self._journal) - len(self._spoiled)

    def is_done(self, number: int) -> bool:
        return number in self._journal and number not in self._spoiled

    @property
    def first_missing(self) -> int:
        """The first segment that is not finished; all before it are."""
        return min([self._journal.first_missing, *self._spoiled])

    def record(self, number: int) -> SegmentRecord:
        """The record of a finished segment, read from the journal; raises `KeyError` for another one."""
        return self._journal.record(number)

    def frame_path(self, index: int) -> Path:
        return self.folder / FRAMES / frame_name(index)

    def key_path(self, index: int) -> Path:
        return self.folder / KEYS / frame_name(index)

    def depth_path(self, index: int) -> Path:
        """Where the depth of a frame may be saved; a by-product that is not checked."""
        return self.folder / DEPTH / frame_name(index)

    def read_frame(self, index: int) -> Pixels:
        """The pixels of a finished frame; raises `StoreError` if it cannot be read."""
        return read_frame(self.frame_path(index))

    def read_key(self, index: int) -> Pixels:
        """The pixels of a key picture; raises `StoreError` if it cannot be read."""
        return read_frame(self.key_path(index))

    def write_frame(self, index: int, pixels: Pixels, png: bytes = b"") -> str:
        """Bring frame `index` to the disk and return its `pixel_sha`, which `finish` wants; `png` are its `pixels` as a
        file, where there is one.
        """
        return self._write(self.frame_path(index), index, pixels, png)

    def write_key(self, index: int, pixels: Pixels, png: bytes = b"") -> str:
        """As `write_frame`, for the key picture `index`."""
        return self._write(self.key_path(index), index, pixels, png)

    def write_depth(self, index: int, png: bytes) -> None:
        """Bring the depth of a picture to the disk, a by-product that no hash covers."""
        with writing(self.folder):
            replace_file(self.depth_path(index), png)

    def finish(self, *records: SegmentRecord) -> None:
        """Finish segments; all their pictures must have been written. Once this returns, no crash undoes it.

        Raises `NotReproduced` for one that was drawn again, and comes out otherwise than what was drawn from it then:
        it is finished, and the segments after it in its chain are forgotten.
        """
        records = tuple(replace(record, files=self._files_of(record)) for record in records)
        with writing(self.folder):
            sync_folder(self.folder / FRAMES)
            if any(record.keys for record in records):
                sync_folder(self.folder / KEYS)
            if new := [record for record in records if record.number not in self._spoiled]:
                self._journal.add(*new)
            for record in records:
                self._finish_again(record)

    def _files_of(self, record: SegmentRecord) -> tuple[str, ...]:
        return tuple(self._file_shas.pop(path, "") for path, _ in self._pictures(record))

    def _finish_again(self, record: SegmentRecord) -> None:
        """Put `record` in the place of the one that it was drawn again for, if there is one."""
        before = self._spoiled.pop(record.number, None)
        if before is None:
            return
        if (before.sha, before.keys) != (record.sha, record.keys):
            self._replace_with_followers(record)
        elif (before.extra, before.files) != (record.extra, record.files):
            self._journal.replace(record)

    def _replace_with_followers(self, record: SegmentRecord) -> None:
        """Put `record` in the place of one with other pictures; raise `NotReproduced` if others were drawn from it."""
        followers = self._onwards({record.number}, self._chain) - {record.number}
        self._journal.drop({record.number, *followers})
        self._journal.add(record)
        for number in followers:
            self._spoiled.pop(number, None)
        if followers:
            reason = f"frame {record.first} comes out otherwise than before, and later frames were drawn from it"
            hint = "`sdplay resume` draws those again too"
            raise NotReproduced(reason, field="job", value=str(self.folder), hint=hint)

    def forget(self, numbers: Collection[int]) -> None:
        """Forget these segments and delete their pictures (the cut last one of a film that grows, say)."""
        if numbers:
            with writing(self.folder):
                self._journal.drop(numbers)
                self._sweep()

    def forget_with_followers(self, numbers: Collection[int], chain: Chain) -> None:
        """As `forget`, of each chain also all that come after them."""
        self.forget(self._onwards(set(numbers), chain))

    def recover(self, chain: Chain | None, *, mend: bool = False) -> frozenset[int]:
        """Forget segments with a picture that is not as the journal says; delete what belongs to no finished segment.

        Returns the numbers forgotten: with `chain`, of each chain the first such segment and all after it. With `mend`
        those after it stay, since it is to come out with the same bits, which `finish` looks after; the journal keeps
        its line until then, so that a crash in between changes nothing.
        """
        damaged: list[str] = ["journal.jsonl"] if self._journal.is_damaged else []
        gone: set[int] = set()
        spoiled: dict[int, SegmentRecord] = {}
        for record in self:
            if bad := self._damaged(record):
                gone.add(record.number)
                spoiled |= {record.number: record} if mend and len(spoiled) < MOST_MENDED else {}
                damaged += bad[: MOST_NAMED - len(damaged)]
        self.damaged = tuple(damaged)
        if mend and chain is not None and len(gone) <= MOST_MENDED:
            self._spoiled, self._chain = spoiled, chain
            with writing(self.folder):
                self._sweep()
            return frozenset(gone)
        forgotten = frozenset(gone if chain is None else self._onwards(gone, chain))
        with writing(self.folder):
            if forgotten:
                self._journal.drop(forgotten)
            self._sweep()
        return forgotten

    def _onwards(self, gone: set[int], chain: Chain) -> set[int]:
        first: dict[int, int] = {}
        for number in sorted(gone):
            first.setdefault(chain(number), number)
        return {
            record.number
            for record in self._journal
            if first and record.number >= first.get(chain(record.number), record.number + 1)
        }

    def _damaged(self, record: SegmentRecord) -> list[str]:
        """The pictures of `record`, by their path in the folder, that are not as the journal says."""
        pictures = self._pictures(record)
        files = record.files if len(record.files) == len(pictures) else [""] * len(pictures)
        known = zip(pictures, files, strict=True)
        bad = (path for (path, sha), file in known if not is_as_written(path, sha, file))
        return [path.relative_to(self.folder).as_posix() for path in bad]

    def _pictures(self, record: SegmentRecord) -> list[tuple[Path, str]]:
        """The path and the `pixel_sha` of each picture of `record`: first its frames, then its keys."""
        frames = [(self.frame_path(index), sha) for index, sha in enumerate(record.sha, record.first)]
        return frames + [(self.key_path(index), sha) for index, sha in record.keys.items()]

    def _write(self, path: Path, index: int, pixels: Pixels, png: bytes) -> str:
        content = with_texts(png, self.digest, index) if png else encode_frame(pixels, self.digest, index)
        with writing(self.folder):
            replace_file(path, content)
        self._file_shas[path] = file_sha(content)
        return pixel_sha(pixels)

    def _sweep(self) -> None:
        """Delete half-written files, and the pictures that no finished segment lists; leave all other files."""
        frames, keys = bytearray(), bytearray()  # a byte a picture: a film may have a million
        for record in self:
            _mark(frames, record.first, record.stop)
            for index in record.keys:
                _mark(keys, index, index + 1)
        for path in list(self.folder.iterdir()):
            if (path.name.endswith(UNFINISHED) or HIDDEN.fullmatch(path.name)) and path.is_file():
                path.unlink()
        for name, listed in ((FRAMES, frames), (DEPTH, frames), (KEYS, keys)):
            _keep_only(self.folder / name, listed)


def _mark(listed: bytearray, first: int, stop: int) -> None:
    listed.extend(bytes(max(0, stop - len(listed))))
    listed[first:stop] = b"\1" * (stop - first)


def _keep_only(folder: Path, listed: bytearray) -> None:
    """Delete from `folder` the half-written pictures and those whose index is not marked in `listed`."""

    def marked(index: int) -> bool:
        return index < len(listed) and listed[index] == 1

    def doomed(name: str) -> bool:
        match = NUMBERED.fullmatch(name)
        return name.endswith(TEMPORARY) or (match is not None and not marked(int(match[1])))

    with os.scandir(folder) as entries:  # the names of pictures that stay are not held
        paths = [entry.path for entry in entries if doomed(entry.name)]
    for path in map(Path, paths):
        if path.is_dir() and not path.is_symlink():
            set_aside(path)
        else:
            path.unlink()


def set_aside(folder: Path) -> None:
    """Give a folder that is where a picture belongs another name: it is somebody's, and is not deleted."""
    names = (folder.with_name(f"{folder.name}.aside-{number}") for number in itertools.count(1))
    folder.rename(next(name for name in names if not name.exists()))
