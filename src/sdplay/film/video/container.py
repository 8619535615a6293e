"""The kinds of film file; opening them with PyAV to read, write and check; errors of our tree for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, NoReturn

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image, ImageSequence

from sdplay.core.errors import BadRequest, DiskFull, SdplayError, StoreError
from sdplay.files import atomic
from sdplay.files.atomic import FULL, sync_folder
from sdplay.film.video.webp import open_webp

FilmKind = Literal["mp4", "gif", "webp", "apng", "webm", "mkv"]
# A GIF counts in hundredths of a second, and programs that show one slow down below two of them.
FASTEST_GIF = 50
LARGEST_WEBP = 16383
# x264's look-ahead on AVX-512 gives other bytes from run to run if the width is not a multiple of 256 pixels; without
# routines chosen by the processor the bytes are the same everywhere. Sliced threads would cost a fifth more bytes.
X264 = "cpu-independent=1:sliced-threads=0"
FIELD = "video_init_path"
# What else FFmpeg opens is not a film (it shows a text file as one) or leads to other files (playlists).
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,gif,apng,flv,ogg,asf"
UNREADABLE = (FFmpegError, OSError, ValueError)
TROUBLE = (FFmpegError, OSError)
BITEXACT = "+bitexact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How one kind of film is written, in FFmpeg's names.

    `subsampled`: colours have half the resolution, so width and height must be even, and are stored by ITU-R BT.709
    in limited range. `sound`: the codec of its sound track, None for kinds that have none.
    """

    container: str
    codec: str
    pixel_format: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    container_options: Mapping[str, str] = field(default_factory=dict[str, str])
    subsampled: bool = False
    sound: str | None = None


CODINGS: Mapping[FilmKind, Coding] = {
    "mp4": Coding(
        container="mp4",
        codec="libx264",
        pixel_format="yuv420p",
        options={"profile": "high", "crf": "17", "preset": "medium", "x264-params": X264},
        container_options={"movflags": "+faststart"},
        subsampled=True,
        sound="aac",
    ),
    "gif": Coding(container="gif", codec="gif", pixel_format="pal8", container_options={"loop": "0"}),
    "webp": Coding(
        container="webp",
        codec="libwebp_anim",
        pixel_format="bgra",
        options={"quality": "90"},
        container_options={"loop": "0"},
    ),
    "apng": Coding(container="apng", codec="apng", pixel_format="rgb24", container_options={"plays": "0"}),
    "webm": Coding(
        container="webm",
        codec="libvpx-vp9",
        pixel_format="yuv420p",
        options={"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4"},
        subsampled=True,
        sound="libopus",
    ),
    "mkv": Coding(
        container="matroska",
        codec="ffv1",
        pixel_format="bgr0",
        options={"level": "3", "slicecrc": "1", "slices": "4"},
        sound="flac",
    ),
}


def check_kind(kind: FilmKind, size: tuple[int, int], fps: Fraction, sound: bool) -> None:
    """Raise `BadRequest` where a film of `kind` cannot have that size (width, height), pace or a sound track."""
    if kind == "gif" and fps > FASTEST_GIF:
        hint = f"at most {FASTEST_GIF}, or `format=mp4`"
        raise BadRequest("is more than programs show of a GIF", field="fps", value=str(fps), hint=hint)
    if kind == "webp" and max(size) > LARGEST_WEBP:
        shown = f"{size[0]}x{size[1]}"
        raise BadRequest(f"a WebP ends at {LARGEST_WEBP} pixels", field="size", value=shown, hint="`format=mp4`")
    if sound and CODINGS[kind].sound is None:
        with_sound = ", ".join(name for name, coding in CODINGS.items() if coding.sound)
        raise BadRequest("has no sound", field="format", value=kind, hint=f"these have: {with_sound}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What a film file holds: `frames` that were decoded, their `fps`, size in pixels, `seconds` of pictures."""

    frames: int
    fps: Fraction
    width: int
    height: int
    seconds: float
    has_sound: bool


def open_clip(path: Path) -> tuple[InputContainer, VideoStream]:
    """The opened clip and its pictures; raises `BadRequest` (field `video_init_path`)."""
    container = open_media(path, FIELD, FORMATS)
    # the cover of a song is stored as a film of one picture
    stream = next((each for each in container.streams.video if not each.disposition & Disposition.attached_pic), None)
    if stream is None:
        reason = "holds sound and no pictures" if container.streams.audio else "holds no pictures"
        container.close()
        refuse(path, reason)
    return container, stream


def open_media(path: Path, field: str, formats: str) -> InputContainer:
    """A film or sound file opened for reading, of one of FFmpeg's `formats`; raises `BadRequest` naming `field`."""
    try:
        if not path.is_file():
            refuse(path, "is a folder" if path.is_dir() else "no such file", field)
        if path.stat().st_size == 0:
            refuse(path, "is an empty file", field)
        if formats == FORMATS and (animation := open_webp(path)) is not None:
            return animation
        # "file:" and the lists: a name or a content that points to another file or to the network is not followed
        options = {"format_whitelist": formats, "protocol_whitelist": "file"}
        return av.open(f"file:{path.absolute()}", options=options)
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or str(error)
        refuse(path, f"is of no kind that can be read, or was cut off ({reason})", field)


def refuse(path: Path, reason: str, field: str = FIELD, hint: str = "") -> NoReturn:
    """Raise `BadRequest` about the file `path`."""
    kinds = "MP4, MOV, MKV, WebM, AVI, MPEG, GIF and APNG films can be read"
    raise BadRequest(reason, field=field, value=str(path), hint=hint or (kinds if field == FIELD else ""))


def film_error(error: Exception, path: Path) -> SdplayError:
    """`DiskFull` or `StoreError` for what went wrong while the film `path` was written."""
    number = getattr(error, "errno", None)
    if number in FULL:
        return DiskFull(
            "no space is left there for the film; the frames are kept, half a film is not",
            field="out",
            value=str(path),
            hint="free some space and run the same command again",
        )
    reason = getattr(error, "strerror", None) or str(error)
    return StoreError(f"the film cannot be written: {reason}", field="out", value=str(path))


@contextmanager
def film_errors(path: Path) -> Iterator[None]:
    """What goes wrong with the film `path` inside, as `film_error` says it."""
    try:
        yield
    except TROUBLE as error:
        raise film_error(error, path) from error


def open_output(path: Path, coding: Coding, comment: str) -> OutputContainer:
    """A new container at `path` that names no program, version or date."""
    options = {**coding.container_options, "fflags": BITEXACT}
    container = av.open(f"file:{path.absolute()}", "w", format=coding.container, options=options)
    if comment:
        container.metadata["comment"] = comment
    return container


def put_in_place(part: Path, path: Path) -> None:
    """Give the finished file `part` the name `path` once its bytes are on the disk."""
    if path.is_dir():
        raise StoreError("is a folder", field="out", value=str(path), hint="choose another name with `out`")
    atomic.put_in_place(part, path)
    sync_folder(path.parent)


def verify_film(path: Path) -> FilmFacts:
    """The facts of the film `path`, from decoding every frame; raises `StoreError` where that fails.

    In a WebP, neighbouring frames that are equal were stored as one, and count as one.
    """
    try:
        return _webp_facts(path) if path.suffix.lower() == ".webp" else _facts(path)
    except (*TROUBLE, EOFError, ValueError) as error:
        raise StoreError(f"is no whole film: {error}", field="out", value=str(path), hint="make it again") from error


def _facts(path: Path) -> FilmFacts:
    with av.open(f"file:{path.absolute()}") as container:
        if not container.streams.video:
            raise ValueError("it holds no pictures")
        stream = container.streams.video[0]
        frames, first, end, last = 0, Fraction(0), Fraction(0), Fraction(0)
        width = height = 0
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                raise ValueError(f"frame {frames} has no time")
            last = frame.pts * frame.time_base
            first = last if frames == 0 else first
            end = last + (frame.duration or 0) * frame.time_base
            width, height, frames = frame.width, frame.height, frames + 1
        if frames == 0:
            raise ValueError("it holds no frame")
        measured = Fraction(frames - 1) / (last - first) if last > first else 1 / (end - first)
        return FilmFacts(
            frames=frames,
            fps=stream.average_rate or measured,
            width=width,
            height=height,
            seconds=float(end - first),
            has_sound=bool(container.streams.audio),
        )


def _webp_facts(path: Path) -> FilmFacts:
    with Image.open(path, formats=["WEBP"]) as image:
        width, height = image.size
        shown = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            shown.append(int(frame.info.get("duration", 0)))
    seconds = Fraction(sum(shown), 1000)
    return FilmFacts(
        frames=len(shown),
        fps=len(shown) / seconds if seconds else Fraction(0),
        width=width,
        height=height,
        seconds=float(seconds),
        has_sound=False,
    )
