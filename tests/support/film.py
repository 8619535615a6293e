"""A small film whose every key is made from the one before it as the disk gives it back: any slip shows at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sdplay.film.job.folder import JobFolder
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import SegmentStore
from sdplay.images.read import Pixels

LENGTH, COUNT = 3, 4  # frames of a segment; segments of a finished film


def picture(index: int, side: int = 24) -> Pixels:
    return np.random.default_rng(index).integers(0, 256, (side, side, 3), np.uint8)


def quiet(_: str) -> None:
    pass


def draw_film(path: Path, count: int, tell: Callable[[str], None] = quiet, side: int = 24) -> frozenset[int]:
    """Draw the segments of the film in `path` that are missing, telling of every step; returns those that were lost."""
    job = JobFolder.create(path, {"film": "test", "side": side})
    with job.lock():
        segments, lost = job.recover(lambda _: 0)
        for segment in range(count):
            if not segments.is_done(segment):
                draw_segment(segments, segment, tell, side)
    return lost


def draw_segment(segments: SegmentStore, segment: int, tell: Callable[[str], None], side: int) -> None:
    first = segment * LENGTH
    key = picture(first, side)
    if segment:
        key = key // 2 + np.roll(segments.read_key(first - LENGTH), 1, axis=0) // 2
    keys = {first: segments.write_key(first, key)}
    tell(f"key {first}")
    hashes: list[str] = []
    for index in range(first, first + LENGTH):
        hashes.append(segments.write_frame(index, np.roll(key, index - first, axis=1)))
        tell(f"frame {index}")
    segments.finish(
        SegmentRecord(number=segment, first=first, sha=tuple(hashes), keys=keys, extra={"seed": segment + 7})
    )
    tell(f"segment {segment}")


def recover(job: JobFolder, **options: Any) -> tuple[SegmentStore, frozenset[int]]:
    with job.lock():
        return job.recover(**options)


def commit(
    segments: SegmentStore, record: SegmentRecord, frames: Iterable[Pixels], keys: Mapping[int, Pixels] | None = None
) -> SegmentRecord:
    """Write a segment's `keys` and `frames` one at a time and finish it; returns `record` with their hashes."""
    key_hashes = {index: segments.write_key(index, pixels) for index, pixels in (keys or {}).items()}
    hashes = tuple(segments.write_frame(index, pixels) for index, pixels in enumerate(frames, record.first))
    finished = replace(record, sha=hashes, keys=key_hashes)
    segments.finish(finished)
    return finished


def files(path: Path) -> dict[str, bytes]:
    """Every file of a job by its name, but for the lock."""
    found = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    found.pop("lock", None)
    return found
