"""Read chosen frames of a clip, one after the other or here and there, without unpacking it."""

from __future__ import annotations

import bisect
import math
from collections.abc import Generator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageOps

from sdplay.film.video.container import open_clip, refuse
from sdplay.film.video.index import ClipIndex, index_clip, intact_frames, upright_of
from sdplay.images.read import Pixels, resized

Sampling = Literal["index", "time"]
# Decoding this many frames takes no longer than opening the file again at a key frame behind them.
WORTH_A_JUMP = 30

Numbered = tuple[int, VideoFrame]
Fit = Literal["stretch", "cover", "contain"]


class ClipReader:
    """Every `every`-th frame of the clip `path` from `start` to `stop` (the last one taken; None or -1: to the end).

    `sampling`: "index" counts frames; "time" takes what is shown at equal steps of every / (mean frames a second), so
    that a clip of variable pace keeps its speed. `frame(i)` is output i, the same whatever was read before; reading on
    is quick, going back starts at the key frame before. Where a frame is damaged, the intact one before it is given
    and the source's frame number joins `repaired`.

    Raises `BadRequest` (field `video_init_path`) as `probe` does, and where the range holds no frame.
    """

    def __init__(
        self, path: Path, start: int = 0, stop: int | None = None, every: int = 1, sampling: Sampling = "index"
    ) -> None:
        self._path = path
        self._index = index_clip(path)
        self._chosen = chosen_frames(path, self._index, (start, stop, every), sampling)
        self._reformatter = VideoReformatter()
        self.repaired: set[int] = set()
        self._container, self._stream = open_clip(path)
        self._rewind(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._decoded.close()
        self._container.close()

    def count(self) -> int:
        """How many frames there are to be had."""
        return len(self._chosen)

    def frame(self, i: int) -> Pixels:
        """Output `i` (0 … count() - 1), upright and with square pixels, uint8 [height, width, 3]."""
        if not 0 <= i < len(self._chosen):
            raise IndexError(f"frame {i} of {len(self._chosen)}")
        source = self._chosen[i]
        number, frame = self._shown(source)
        if number != source:
            self.repaired.add(source)
        return upright_of(frame, self._stream.sample_aspect_ratio).pixels(frame, self._reformatter)

    def _shown(self, source: int) -> Numbered:
        """Frame `source` of the clip, or the intact one before it (at the very beginning: after it)."""
        key = self._index.key_before(source)
        far_off = self._ahead is not None and self._ahead[0] + WORTH_A_JUMP < key
        if self._held is None or self._held[0] > source or far_off:
            self._rewind(key)
        while self._ahead is not None and (self._ahead[0] <= source or self._held is None):
            self._held, self._ahead = self._ahead, next(self._decoded, None)
        if self._held is None:
            refuse(self._path, "holds no frame that can be decoded")
        return self._held

    def _rewind(self, key: int) -> None:
        """Go on decoding at the key frame `key`; from the beginning where the file does not lead there."""
        self._container.close()
        self._container, self._stream = open_clip(self._path)
        if key:
            self._container.seek(self._index.times[key], stream=self._stream)
        self._decoded = self._numbered(key)
        self._held, self._ahead = None, next(self._decoded, None)
        if key and (self._ahead is None or self._ahead[0] != key):
            self._rewind(0)

    def _numbered(self, first: int) -> Generator[Numbered]:
        """What is decoded from here on, each frame with its number; those before `first` miss their references."""
        times = self._index.times
        for count, frame in enumerate(intact_frames(self._container, self._stream)):
            if not self._index.timed:
                yield count, frame
            elif frame.pts is not None:
                number = bisect.bisect_left(times, frame.pts)
                if number >= first and number < len(times) and times[number] == frame.pts:
                    yield number, frame


def chosen_frames(
    path: Path, index: ClipIndex, wanted: tuple[int, int | None, int], sampling: Sampling
) -> Sequence[int]:
    """The numbers of the frames that (start, stop, every) selects; raises `BadRequest` where there are none."""
    start, stop, every = wanted
    frames = len(index.times)
    last = frames - 1 if stop is None or stop == -1 else stop
    if every < 1:
        raise ValueError(f"every {every}th frame")
    if not 0 <= start <= last < frames:
        reason = f"has frames 0 to {frames - 1}; from {start} to {last} there are none, or not all"
        refuse(path, reason, hint="set extract_from_frame and extract_to_frame accordingly (-1: the last one)")
    if sampling == "index" or not index.timed:
        return range(start, last + 1, every)
    return _equal_steps(index, start, last, every / index.fps)


def _equal_steps(index: ClipIndex, start: int, last: int, step: Fraction) -> list[int]:
    """The frames shown at equal `step`s of seconds from frame `start` to the end of frame `last`.

    A frame counts as shown a quarter of the shortest gap early: files round times, and an even clip must give each
    frame once.
    """
    early = Fraction(min((later - earlier for earlier, later in pairwise(index.times)), default=0), 4)
    frame = 1 / index.fps
    begin = index.times[start] * index.time_base
    following = index.times[last + 1] * index.time_base if last + 1 < len(index.times) else None
    end = following if following is not None else index.times[last] * index.time_base + frame
    count = max(1, math.ceil((end - begin - frame / 4) / step))
    ticks = [math.floor((begin + i * step) / index.time_base + early) for i in range(count)]
    return [min(bisect.bisect_right(index.times, tick) - 1, last) for tick in ticks]


def fit(pixels: Pixels, width: int, height: int, how: Fit = "stretch") -> Pixels:
    """`pixels` in another size (Lanczos): stretched to it, cut to its proportions, or whole between black bars."""
    if how == "cover" or pixels.shape[:2] == (height, width):
        return resized(pixels, width, height)
    image = Image.fromarray(pixels)
    if how == "stretch":
        return np.array(image.resize((width, height), Image.Resampling.LANCZOS))
    return np.array(ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS, color="black"))
