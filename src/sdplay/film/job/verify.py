"""Whether a film can be made again: its finished segments drawn once more and held against what the journal says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import BadRequest, StoreError
from sdplay.events import ImageDone, KeyframeDone
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import frame_name, pixel_sha, read_frame
from sdplay.film.job.job import FilmJob
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import FRAMES, KEYS
from sdplay.images.picture import difference
from sdplay.images.read import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChecked:
    """A segment was drawn again; `differing` has a line for each of its `frames` that is not as the journal says."""

    number: int
    frames: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is: finished segments and frames, and the seconds they took."""

    segments: int
    frames: int
    seconds: float


def progress_of(folder: JobFolder) -> Progress:
    """What the journal in `folder` says is finished; any process may look, also while another one draws."""
    segments, frames, seconds = 0, 0, 0.0
    for record in folder.records():
        segments, frames, seconds = segments + 1, frames + len(record.sha), seconds + record.seconds
    return Progress(segments=segments, frames=frames, seconds=seconds)


def verify_segments(job: FilmJob, every: int = 1) -> Iterator[SegmentChecked]:
    """Draw every `every`-th finished segment again, from the key pictures on the disk, and compare; nothing is written.

    Raises `BadRequest` where no segment is finished, and whatever stops the drawing.
    """
    plan, any_finished = job.plan, False
    for number, record in enumerate(job.folder.records()):
        any_finished = True
        if number % every == 0 and record.number < plan.segment_count:
            yield verify_segment(job, record)
    if not any_finished:
        hint = "resume it first: sdplay resume"
        raise BadRequest("none of its frames is finished", field="job", value=str(job.folder.path), hint=hint)


def verify_segment(job: FilmJob, record: SegmentRecord) -> SegmentChecked:
    """Draw the segment of `record` again, and hold what is drawn and what lies on the disk against the journal."""
    segment, folder = job.plan.segment(record.number), job.folder.path
    keys: dict[int, Pixels] = {}
    frames: dict[int, Pixels] = {}
    lines: list[str] = []
    try:
        given = {key: read_frame(folder / KEYS / frame_name(key)) for key in job.plan.needs(segment)}
    except StoreError as error:
        return SegmentChecked(
            number=segment.number, frames=len(record.sha), differing=(f"segment {segment.number}: {error.reason}",)
        )
    with closing(job.executor.run(job.task(segment, given))) as events:
        for event in events:
            if isinstance(event, KeyframeDone):
                keys[event.index] = event.pixels
            elif isinstance(event, ImageDone):
                frames[event.picture.index] = event.picture.pixels
    for index, sha in record.keys.items():
        lines += compare_picture(f"key {index}", sha, keys.get(index), folder / KEYS / frame_name(index))
    for index, sha in enumerate(record.sha, record.first):
        if index < segment.stop:  # a film that was made shorter still has the whole segment
            lines += compare_picture(f"frame {index}", sha, frames.get(index), folder / FRAMES / frame_name(index))
    return SegmentChecked(number=segment.number, frames=len(record.sha), differing=tuple(lines))


def compare_picture(name: str, sha: str, drawn: Pixels | None, path: Path) -> Iterator[str]:
    """What differs between a picture's hash in the journal, the picture drawn again, and the one in the file."""
    try:
        on_disk = read_frame(path)
    except StoreError:
        yield f"{name}: its file is gone or damaged"
        on_disk = None
    if on_disk is not None and pixel_sha(on_disk) != sha:
        apart = f": {difference(drawn, on_disk)}" if drawn is not None else ""
        yield f"{name}: its file was changed since it was drawn{apart}"
        on_disk = None
    if drawn is None or pixel_sha(drawn) != sha:
        apart = difference(drawn, on_disk) if drawn is not None and on_disk is not None else "other bits"
        yield f"{name}: drawn again it comes out differently: {apart}"
