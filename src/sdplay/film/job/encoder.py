"""The film file of a job, and a preview that plays while it grows: written beside the drawing, from its frames."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from sdplay.core.errors import SdplayError, Stopped, StoreError
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.segments import SegmentStore
from sdplay.film.part import frames_text
from sdplay.film.video.container import FilmKind, verify_film
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.preview import PreviewWriter
from sdplay.film.video.sound import Sound
from sdplay.images.read import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What kind of film file is written, how fast it plays, and how its end meets its beginning.

    `loop` is "none", "pingpong" (there and back) or "crossfade:N" (the last N frames drawn melt into the first N).
    """

    kind: FilmKind = "mp4"
    rate: Fraction = Fraction(24)
    loop: str = "none"
    comment: str = ""
    sound: Sound | None = None

    @property
    def crossfade(self) -> int:
        return int(self.loop.removeprefix("crossfade:")) if self.loop.startswith("crossfade:") else 0

    @property
    def streams(self) -> bool:
        """Whether frames can be written as they come: a crossfade needs the last of them for the first."""
        return not self.crossfade


@dataclass(slots=True)
class FilmEncoder:
    """Writes `folder`'s film of `total` drawn frames; `show` says how many from the first on are on the disk.

    With `part` it is a film of those frames alone, in a file of its own.
    """

    folder: JobFolder
    output: Output
    total: int
    part: range | None = None
    frames: int = 0  # in the film file, once it is written
    _shown: int = 0
    _ended: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _abandoned: bool = False
    _error: BaseException | None = None

    @property
    def path(self) -> Path:
        name = "video" if self.part is None else f"frames-{frames_text(self.part)}"
        return self.folder.path / f"{name}.{'png' if self.output.kind == 'apng' else self.output.kind}"

    @property
    def first(self) -> int:
        return self.part.start if self.part is not None else 0

    def is_written(self) -> bool:
        """Whether the film file is there, with all its frames; that of a part is written each time."""
        if self.part is not None:
            return False
        self._shown = self.total
        try:
            self.frames = self._counted() if self.path.is_file() else 0
        except SdplayError:
            return False
        return self.frames == self._expected()

    def show(self, frames: int) -> None:
        with self._changed:
            self._shown = min(frames, self.total)
            self._changed.notify_all()

    @contextmanager
    def running(self, segments: SegmentStore) -> Generator[None]:
        """Encode beside what is done inside; at its end, whatever that was, the film of the frames shown is written.

        Raises `DiskFull` or `StoreError` where that fails, unless something else is being raised already. An
        interrupt while that film is awaited leaves none, or the one before.
        """
        self._shown, self._ended, self._abandoned, self._error = 0, False, False, None
        thread = threading.Thread(target=self._work, args=(segments,), name="encoder")
        thread.start()
        well = False
        try:
            yield
            well = True
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            try:
                thread.join()
            finally:
                self._abandoned = True
            if well and self._error is not None:
                raise self._error

    def _work(self, segments: SegmentStore) -> None:
        try:
            self._encode(segments)
        except BaseException as error:  # whatever it is, `running` raises it
            self._error = error

    def _encode(self, segments: SegmentStore) -> None:
        if not self._wait(0):
            return
        first = segments.read_frame(self.first)
        size = first.shape[1], first.shape[0]
        with ExitStack() as stack:
            of_film = self.part is None
            preview = stack.enter_context(PreviewWriter(self.folder.preview, self.output.rate)) if of_film else None
            film = stack.enter_context(
                FilmWriter(
                    self.path,
                    size,
                    self.output.rate,
                    self.output.kind,
                    comment=self.output.comment,
                    sound=self.output.sound,
                )
            )
            count = 0
            while self._wait(count):
                pixels = segments.read_frame(self.first + count)
                if preview is not None:
                    preview.add(pixels)
                if self.output.streams:
                    film.add(pixels)
                count += 1
            for pixels in self._rest(segments, count):
                self._go_on()
                film.add(pixels)
        self._check()

    def _go_on(self) -> None:
        if self._abandoned:
            raise Stopped("nobody waits for the film any more")

    def _rest(self, segments: SegmentStore, count: int) -> Iterator[Pixels]:
        """What is still missing in the film when its `count` frames are on the disk."""
        if self.output.loop == "pingpong":
            yield from (segments.read_frame(index) for index in islice(pingpong(count), count, None))
        elif not self.output.streams:
            fade = self.output.crossfade if count == self.total else 0
            for index in range(count - fade):
                pixels = segments.read_frame(index)
                yield faded(pixels, segments.read_frame(count - fade + index), index, fade) if index < fade else pixels

    def _wait(self, index: int) -> bool:
        """Wait for frame `index`; False when it will not come."""
        with self._changed:
            while self._shown <= index and not self._ended:
                self._changed.wait()
            self._go_on()
            return self._shown > index

    def _check(self) -> None:
        """Count the frames of the finished film by decoding it: a film with fewer frames than drawn is an error."""
        expected = self._expected()
        self.frames = self._counted()
        if self.frames != expected:
            reason = f"the film has {self.frames} frames where {expected} were written"
            raise StoreError(reason, field="out", value=str(self.path), hint="sdplay resume writes it again")

    def _counted(self) -> int:
        facts = verify_film(self.path)
        if self.output.kind == "webp":  # where neighbours that are equal are stored as one, longer frame, or as a still
            return round(facts.seconds * self.output.rate) if facts.seconds else self._expected()
        return facts.frames

    def _expected(self) -> int:
        if self.output.loop == "pingpong":
            return sum(1 for _ in pingpong(self._shown))
        return self._shown - (self.output.crossfade if self._shown == self.total else 0)


def faded(pixels: Pixels, later: Pixels, index: int, fade: int) -> Pixels:
    """Frame `index` of a film whose end melts into its beginning: mixed with the one drawn as late after the end."""
    weight = 1 - (index + 1) / (fade + 1)
    return np.rint(weight * later.astype(np.float32) + (1 - weight) * pixels).astype(np.uint8)


def pingpong(frames: int) -> Iterator[int]:
    """0 … frames-1 and back to 1: a film that runs there and back and can be looped, 2·frames - 2 pictures long.

    The two turning points are shown once. One frame stays one, two stay two.
    """
    yield from range(frames)
    yield from range(frames - 2, 0, -1)
