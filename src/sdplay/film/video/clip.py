"""Open a film that a person gives; what is wrong with it is said before anything is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from sdplay.core.errors import BadRequest

FIELD = "video_init_path"
# What else FFmpeg opens is no film (it shows a text file as one) or leads to other files (playlists).
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,gif,apng,flv,ogg,asf"
UNREADABLE = (FFmpegError, OSError, ValueError)


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
