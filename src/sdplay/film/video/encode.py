"""Write a film frame by frame, whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from sdplay.film.video.container import (
    BITEXACT,
    CODINGS,
    TROUBLE,
    Coding,
    FilmKind,
    check_kind,
    film_errors,
    open_output,
    put_in_place,
)
from sdplay.film.video.sound import Sound, SoundTrack
from sdplay.images.read import Pixels, padded

# The same bits on every machine, and no colours borrowed from the neighbours.
CONVERSION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
# Encoders write other bytes with another number of threads, so it hangs on the picture's size and on nothing else.
ONE_THREAD_UP_TO = 512 * 512


class FilmWriter:
    """A film file being written: `with FilmWriter(path, (width, height), fps, "mp4") as film: film.add(pixels)`.

    Frame i is shown from i / fps to (i + 1) / fps. Equal frames give an equal file. It grows as `path` + ".part" and
    gets its name when the block ends well, replacing an older file; otherwise nothing is left. mp4, webm and mkv keep
    only some frames in memory, gif all of them, for its palette is chosen from the whole film. An odd width or height
    grows by one pixel (the edge again) in mp4 and webm, whose colours have half the resolution; mkv and apng are
    lossless. `comment` goes into the file where its kind has a place for it (mp4, webm, mkv), as does `sound`, which is
    cut where the pictures end.

    Raises `BadRequest` for what the kind cannot hold, `DiskFull` or `StoreError` where the file cannot be written,
    ValueError for frames of another size or type, and for a film without frames.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: Fraction,
        kind: FilmKind,
        *,
        comment: str = "",
        sound: Sound | None = None,
    ) -> None:
        check_kind(kind, size, fps, sound is not None)
        self._path, self._size, self._fps, self._coding = path, size, fps, CODINGS[kind]
        self._comment, self._sound = comment, sound
        self._sounds: SoundTrack | None = None
        self._part = path.with_name(path.name + ".part")
        self._frames = 0

    def __enter__(self) -> Self:
        with film_errors(self._path):
            self._part.unlink(missing_ok=True)
            self._container = open_output(self._part, self._coding, self._comment)
            try:
                self._pictures = PictureTrack(self._container, self._coding, self._size, self._fps)
                self._sounds = self._open_sound()
                self._container.start_encoding()  # creates the file: better here than after the first frame was drawn
            except BaseException:
                self._discard()
                raise
        return self

    def add(self, pixels: Pixels) -> None:
        """Append one frame, uint8 [height, width, 3] sRGB."""
        width, height = self._size
        if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
            raise ValueError(f"a frame of {pixels.dtype} {pixels.shape} in a film of uint8 {(height, width, 3)}")
        with film_errors(self._path):
            self._container.mux(list(self._pictures.add(pixels)))
            self._frames += 1
            if self._sounds is not None:
                self._container.mux(list(self._sounds.until(self._frames)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._finish()
                return
            except BaseException:
                self._discard()
                raise
        self._discard()

    def _finish(self) -> None:
        if not self._frames:
            raise ValueError("a film needs at least one frame")
        with film_errors(self._path):
            self._container.mux(list(self._pictures.end()))
            if self._sounds is not None:
                self._container.mux(list(self._sounds.end()))
            self._container.close()
            put_in_place(self._part, self._path)

    def _open_sound(self) -> SoundTrack | None:
        if self._sound is None or self._coding.sound is None:
            return None
        return SoundTrack(self._container, self._coding.sound, self._sound, self._fps)

    def _discard(self) -> None:
        with contextlib.suppress(*TROUBLE):
            self._container.close()
        self._part.unlink(missing_ok=True)


class PictureTrack:
    """The pictures of a film: pixels in, packets of the coded film out."""

    def __init__(self, container: OutputContainer, coding: Coding, size: tuple[int, int], fps: Fraction) -> None:
        self._coding, self._step, self._index = coding, 1 / fps, 0
        grid = 2 if coding.subsampled else 1
        self._width, self._height = (-(-side // grid) * grid for side in size)
        self._reformatter = VideoReformatter()
        self._stream = self._open_stream(container, fps)
        self._palette = None if coding.codec != "gif" else palette_graph(self._width, self._height, self._step)

    def _open_stream(self, container: OutputContainer, fps: Fraction) -> VideoStream:
        stream = container.add_stream(self._coding.codec, rate=fps, options=dict(self._coding.options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, self._coding.pixel_format
        context = stream.codec_context
        context.time_base = self._step
        context.thread_count = 1 if self._width * self._height <= ONE_THREAD_UP_TO else 4
        context.options = {**context.options, "flags": BITEXACT}
        if self._coding.subsampled:
            context.colorspace = Colorspace.ITU709
            context.color_range = ColorRange.MPEG
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream

    def add(self, pixels: Pixels) -> Iterator[Packet]:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(padded(pixels, self._width, self._height)), "rgb24")
        frame = self._converted(frame)
        frame.pts, frame.time_base, frame.duration = self._index, self._step, 1
        self._index += 1
        if self._palette is None:
            yield from self._stream.encode(frame)
        else:
            self._palette.push(frame)

    def end(self) -> Iterator[Packet]:
        """What the encoder still held back."""
        if self._palette is not None:
            self._palette.push(None)
            for frame in pulled(self._palette):
                yield from self._stream.encode(frame)
        yield from self._stream.encode(None)

    def _converted(self, frame: VideoFrame) -> VideoFrame:
        if self._coding.pixel_format == "pal8":
            return frame
        if not self._coding.subsampled:
            return self._reformatter.reformat(frame, format=self._coding.pixel_format, threads=1)
        return self._reformatter.reformat(
            frame,
            format=self._coding.pixel_format,
            interpolation=CONVERSION,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_trc=ColorTrc.BT709,
            dst_color_primaries=ColorPrimaries.BT709,
            threads=1,
        )


def palette_graph(width: int, height: int, step: Fraction) -> Graph:
    """FFmpeg's two passes of a GIF: choose 256 colours for the whole film, then draw each frame in them."""
    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=VideoFormat("rgb24"), time_base=step)
    split = graph.add("split")
    # It compares every colour that occurs; 65,536 of them give as good a palette as millions, in a third of the time.
    coarse = graph.add("format", "rgb565")
    choose = graph.add("palettegen", "reserve_transparent=0")
    draw = graph.add("paletteuse", "dither=sierra2_4a:diff_mode=rectangle")
    source.link_to(split)
    split.link_to(coarse, 0, 0)
    coarse.link_to(choose)
    split.link_to(draw, 1, 0)
    choose.link_to(draw, 0, 1)
    draw.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def pulled(graph: Graph) -> Iterable[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        assert isinstance(frame, VideoFrame)
        yield frame
