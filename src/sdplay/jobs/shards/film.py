"""A film whose scenes or passes are drawn by processes that share its folder, and joined to the film."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdplay.events import DepthMapDone, Event, ImageDone, KeyframeDone, Retried
from sdplay.film.camera.disparity import depth_png
from sdplay.film.job.film import recover_segments, shoot
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import encode_frame, frame_name, pixel_sha, read_frame
from sdplay.film.job.job import FilmJob
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import DEPTH, FRAMES, KEYS, SegmentStore
from sdplay.images.read import Pixels
from sdplay.jobs.shards.pieces import PieceFiles, PieceRecord, PieceStore, damaged
from sdplay.jobs.shards.worker import Origin
from sdplay.jobs.units import Unit, film_units

RETRIED = "rescued"  # as the journal calls it


class FilmShards:
    """The units of the film `job`; a piece is a segment."""

    def __init__(self, job: FilmJob) -> None:
        self.job = job
        self._units = film_units(job.plan)

    @property
    def folder(self) -> JobFolder:
        return self.job.folder

    @property
    def units(self) -> tuple[Unit, ...]:
        return self._units

    @property
    def thing(self) -> str:
        return "frames"

    def finished(self) -> set[int]:
        """The segments that are in the film's journal already, whole as far as that says."""
        plan = self.job.plan
        return {
            record.number
            for record in self.folder.records()
            if record.number < plan.segment_count and record.stop >= plan.segment(record.number).stop
        }

    def draw(self, number: int, store: PieceStore) -> Generator[Event, None, PieceFiles]:
        """Draw segment `number`, from keys that are in the journal or made known; what came of it."""
        started, plan = time.perf_counter(), self.job.plan
        segment = plan.segment(number)
        given = {key: self._key(key, store) for key in plan.needs(segment)}
        files: dict[str, bytes] = {}
        pixels: dict[str, str] = {}
        retried: dict[str, str] = {}

        def keep(kind: str, index: int, drawn: Pixels) -> None:
            files[file_name(kind, index)] = encode_frame(drawn, self.folder.digest, index)
            pixels[file_name(kind, index)] = pixel_sha(drawn)

        with closing(self.job.executor.run(self.job.task(segment, given))) as events:
            for event in events:
                if isinstance(event, ImageDone):
                    keep(FRAMES, event.picture.index, event.picture.pixels)
                elif isinstance(event, KeyframeDone):
                    keep(KEYS, event.index, event.pixels)
                elif isinstance(event, DepthMapDone):
                    files[file_name(DEPTH, event.index)] = depth_png(event.disparity)
                elif isinstance(event, Retried):
                    retried[str(event.index)] = event.how
                yield event
        seconds = time.perf_counter() - started
        facts = {RETRIED: retried} if retried else {}
        return PieceFiles(number=number, files=files, pixels=pixels, facts=facts, seconds=seconds)

    def _key(self, index: int, store: PieceStore) -> Pixels:
        """The key picture `index`; raises `StoreError` where it is gone or damaged."""
        number = index // self.job.plan.segment_length
        if store.has(number):
            return picture(store, store.read(number), file_name(KEYS, index))
        return read_frame(self.folder.path / file_name(KEYS, index))

    def followers(self, numbers: Collection[int]) -> set[int]:
        """The segments that are drawn from those, one after the other or by their colours, without those themselves."""
        lost, found = set(numbers), set[int]()
        gone: set[int] = set()
        for unit in self.units:
            first = min((piece for piece in unit.pieces if piece in lost), default=None)
            if unit.waits_for in gone:
                first = unit.pieces.start
            if first is not None:
                found |= set(range(first, unit.pieces.stop))
                gone |= {unit.number}
        return found - lost

    def join(self, store: PieceStore, records: Iterable[PieceRecord], origin: Origin) -> Generator[Event, None, None]:
        """Take the pieces of `records` into the film's journal, and write the film."""
        with self.folder.lock():
            segments, begun_by = recover_segments(self.job), self.folder.description["made_by"]
            if not len(segments) and origin.made_by:  # none of its frames is from where it was prepared
                self.folder.update({**self.folder.description, "made_by": origin.made_by})
            elif begun_by != origin.made_by:
                origin = replace(origin, mixed=True)
            for record in records:
                if not segments.is_done(record.number):
                    self._take(record, store, segments, origin.noted(record))
            total = self.job.plan.total
            self.folder.progress({"phase": "render", "frame": total, "total": total, "eta": 0.0})
            self.folder.latest(segments.read_frame(total - 1))
        yield from shoot(self.job)

    def _take(self, record: PieceRecord, store: PieceStore, segments: SegmentStore, noted: dict[str, Any]) -> None:
        """Write the pictures of `record` as this machine writes them, and finish its segment."""
        segment = self.job.plan.segment(record.number)
        sha = tuple(
            segments.write_frame(index, picture(store, record, file_name(FRAMES, index)))
            for index in range(segment.first, segment.stop)
        )
        keys = {
            index: segments.write_key(index, picture(store, record, name))
            for name, index in names_of(KEYS, record).items()
        }
        for name, index in names_of(DEPTH, record).items():
            segments.write_depth(index, store.content(record.number, name))
        extra = {**noted, **record.facts}
        number, seconds = record.number, record.seconds
        segments.finish(
            SegmentRecord(number=number, first=segment.first, sha=sha, seconds=seconds, keys=keys, extra=extra)
        )


def picture(store: PieceStore, record: PieceRecord, name: str) -> Pixels:
    """The picture `name` of a piece; raises `StoreError` if it is gone, damaged, or not what was drawn."""
    path = store.folder(record.number) / name
    pixels = read_frame(path)
    if pixel_sha(pixels) != record.pixels.get(name):
        raise damaged(path, "it shows something else than was drawn")
    return pixels


def file_name(kind: str, index: int) -> str:
    """The file of a picture, in the folder of its piece as in that of the job."""
    return f"{kind}/{frame_name(index)}"


def names_of(kind: str, record: PieceRecord) -> dict[str, int]:
    """The pictures of one kind in a piece, and the frames that they are of."""
    return {name: int(Path(name).stem) for name in record.files if name.startswith(f"{kind}/")}
