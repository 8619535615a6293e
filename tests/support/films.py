"""Small films to write and to read, made with PyAV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from sdplay.film.video.container import FilmKind
from sdplay.film.video.encode import FilmWriter

FPS = Fraction(30000, 1001)
# Options with which an encoder hardly changes a gray level.
FINE = {"libx264": {"crf": "10"}, "libvpx": {"crf": "4", "b": "2000000"}, "libvpx-vp9": {"crf": "4", "b": "0"}}


def smooth_film(frames: int, width: int = 64, height: int = 64) -> Iterator[np.ndarray]:
    """Soft colours that move slowly, uint8 [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    for i in range(frames):
        channels = [
            127 + 100 * np.sin(x / 37 + i / 9),
            127 + 100 * np.cos(y / 33 + i / 7),
            127 + 90 * np.sin((x + y) / 59 - i / 11),
        ]
        yield np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def write_film(
    path: Path, frames: int, kind: FilmKind = "mp4", size: tuple[int, int] = (64, 64), fps: Fraction = FPS
) -> Path:
    """The smooth film in a file of our own writing."""
    with FilmWriter(path, size, fps, kind) as film:
        for pixels in smooth_film(frames, *size):
            film.add(pixels)
    return path


def decoded(path: Path) -> list[np.ndarray]:
    """All frames of a film file, uint8 RGB."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def gray_frame(number: int, width: int = 32, height: int = 32) -> VideoFrame:
    """Frame `number` of a clip whose frames can be told apart: gray level 10 + 4·number."""
    return VideoFrame.from_ndarray(np.full((height, width, 3), 10 + 4 * number, np.uint8), "rgb24")


def painted_number(pixels: np.ndarray) -> int:
    """The number that `gray_frame` painted."""
    return round((float(pixels.mean()) - 10) / 4)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def numbered_clip(
    path: Path,
    frames: int,
    *,
    codec: str = "libx264",
    gop: int = 12,
    times: Sequence[int] | None = None,
    fps: Fraction = FPS,
    side: tuple[int, int] = (32, 32),
    aspect: Fraction | None = None,
    matrix: Sequence[int] | None = None,
) -> Path:
    """A clip of gray frames whose level tells their number; `times` in frames (variable pace where they skip some)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=FINE.get(codec, {"qmin": "1", "qmax": "2"}))
        stream.width, stream.height = side
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = 1 / fps
        stream.gop_size = gop
        stream.codec_context.thread_count = 1
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        if matrix is not None:
            stream.set_display_matrix(matrix)
        for i in range(frames):
            frame = gray_frame(i, *side)
            frame.pts, frame.time_base = (times[i] if times else i), 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
