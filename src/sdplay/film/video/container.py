"""Open film files with PyAV, to read and to write, and turn what goes wrong into errors of our tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from sdplay.core.errors import BadRequest, DiskFull, SdplayError, StoreError
from sdplay.files import atomic
from sdplay.files.atomic import sync_folder
from sdplay.film.video.kind import Coding

FIELD = "video_init_path"
# What else FFmpeg opens is not a film (it shows a text file as one) or leads to other files (playlists).
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,gif,apng,flv,ogg,asf"
UNREADABLE = (FFmpegError, OSError, ValueError)
TROUBLE = (FFmpegError, OSError)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
BITEXACT = "+bitexact"


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
