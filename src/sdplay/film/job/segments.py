"""The finished segments of a job and their pictures: which are whole, which are drawn again, how one is finished."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.core.errors import StoreError
from sdplay.files.atomic import HIDDEN, TEMPORARY, replace_file, sync_folder, writing
from sdplay.files.regular import open_regular
from sdplay.film.job.journal import Journal, SegmentRecord, check_journal
from sdplay.images.open import UNREADABLE, quiet
from sdplay.images.read import Pixels

# A noisy 512x512 picture takes 32 ms at 1 and 57 ms at 4 to 9, for a file 12 % smaller; 2 and 3 are like 1.
COMPRESSION = 1
SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRAILER = b"\0\0\0\0IEND\xaeB`\x82"
LARGEST_LATEST = 512

FRAMES, KEYS, DEPTH = "frames", "keys", "depth"
NUMBERED = re.compile(r"(\d{9})\.png")
UNFINISHED = (TEMPORARY, ".part")
MOST_NAMED = 10  # damaged files
# Of a segment, the number of the chain it belongs to: one lost from a chain takes those after it along.
Chain = Callable[[int], int]


class SegmentStore:
    """The segments of the job in `folder`; made by `JobFolder.recover`, and good while the job's lock is held.

    A segment is finished once its line is in the journal, which is written after its pictures are on the disk.
    `write_frame` and `write_key` may be called from a thread of their own; the rest belongs to the coordinator. Every
    method that writes raises `DiskFull` or `StoreError`, leaving nothing half-written.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self.folder, self.digest = folder, digest
        self.damaged: tuple[str, ...] = ()  # what `recover` found missing or not as the journal says
        check_journal(folder / "journal.jsonl")
        with writing(folder):
            for name in (FRAMES, KEYS, DEPTH):
                (folder / name).mkdir(exist_ok=True)
            self._journal = Journal.open(folder / "journal.jsonl")

    def __iter__(self) -> Iterator[SegmentRecord]:
        """The records of the finished segments, in the order they were finished."""
        return iter(self._journal)

    def __len__(self) -> int:
        return len(self._journal)

    def is_done(self, number: int) -> bool:
        return number in self._journal

    @property
    def first_missing(self) -> int:
        """The first segment that is not finished; all before it are."""
        return self._journal.first_missing

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

    def write_frame(self, index: int, pixels: Pixels) -> str:
        """Bring frame `index` to the disk and return its `pixel_sha`, which `finish` wants."""
        return self._write(self.frame_path(index), index, pixels)

    def write_key(self, index: int, pixels: Pixels) -> str:
        """Bring the key picture `index` to the disk and return its `pixel_sha`, which `finish` wants."""
        return self._write(self.key_path(index), index, pixels)

    def write_depth(self, index: int, png: bytes) -> None:
        """Bring the depth of a picture to the disk, a by-product that no hash covers."""
        with writing(self.folder):
            replace_file(self.depth_path(index), png)

    def finish(self, record: SegmentRecord) -> None:
        """Finish a segment; all its pictures must have been written. Once this returns, no crash undoes it."""
        with writing(self.folder):
            sync_folder(self.folder / FRAMES)
            if record.keys:
                sync_folder(self.folder / KEYS)
            self._journal.add(record)

    def forget(self, numbers: Collection[int]) -> None:
        """Forget these segments and delete their pictures (the cut last one of a film that grows, say)."""
        if numbers:
            with writing(self.folder):
                self._journal.drop(numbers)
                self._sweep()

    def recover(self, chain: Chain | None) -> frozenset[int]:
        """Forget segments with a picture that is not as the journal says; delete what belongs to no finished segment.

        Returns the numbers forgotten: with `chain`, of each chain the first such segment and all after it.
        """
        damaged: list[str] = ["journal.jsonl"] if self._journal.is_damaged else []
        gone: set[int] = set()
        for record in self:
            spoiled = self._damaged(record)
            gone |= {record.number} if spoiled else set()
            damaged += spoiled[: MOST_NAMED - len(damaged)]
        self.damaged = tuple(damaged)
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
            for record in self
            if first and record.number >= first.get(chain(record.number), record.number + 1)
        }

    def _damaged(self, record: SegmentRecord) -> list[str]:
        """The pictures of `record`, by their path in the folder, that are not as the journal says."""
        pictures = [(self.frame_path(index), sha) for index, sha in enumerate(record.sha, record.first)]
        pictures += [(self.key_path(index), sha) for index, sha in record.keys.items()]
        bad = (path for path, sha in pictures if not (is_whole(path) and holds(path, sha)))
        return [path.relative_to(self.folder).as_posix() for path in bad]

    def _write(self, path: Path, index: int, pixels: Pixels) -> str:
        content = encode_frame(pixels, self.digest, index)
        with writing(self.folder):
            replace_file(path, content)
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


def pixel_sha(pixels: Pixels) -> str:
    """32 hexadecimal digits of the SHA-256 of `pixels` [height, width, 3], row by row; no file format enters in."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()[:32]


def frame_name(index: int) -> str:
    return f"{index:09d}.png"


def encode_frame(pixels: Pixels, job: str, index: int) -> bytes:
    """`pixels` as a PNG that carries only the digest `job` and its index, so equal frames are equal files."""
    text = PngInfo()
    text.add_text("job", job)
    text.add_text("frame", str(index))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=text, compress_level=COMPRESSION)
    return file.getvalue()


def encode_latest(pixels: Pixels) -> bytes:
    """`pixels` as a JPEG of at most 512 pixels a side, to look at while a job runs."""
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST_LATEST, LARGEST_LATEST))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def read_frame(path: Path) -> Pixels:
    """The pixels of a file that `encode_frame` made; raises `StoreError` if it is gone or damaged."""
    try:
        with open_regular(path) as file, quiet(), Image.open(file, formats=["PNG"]) as image:
            return np.array(image.convert("RGB"))
    except UNREADABLE as error:
        raise StoreError(f"is a frame that cannot be read: {error}", field="frame", value=str(path)) from error


def is_whole(path: Path) -> bool:
    """Whether `path` begins and ends as a PNG does: enough to know one that was cut off, without decoding it."""
    try:
        with open_regular(path) as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                return False
            file.seek(-len(TRAILER), os.SEEK_END)
            return file.read() == TRAILER
    except OSError:
        return False


def holds(path: Path, sha: str) -> bool:
    """Whether `path` is a picture whose pixels have that `pixel_sha`."""
    try:
        return pixel_sha(read_frame(path)) == sha
    except StoreError:
        return False
