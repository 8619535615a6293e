"""An animated WebP as a clip: FFmpeg reads none, so its frames are handed on in a container that it does read."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageSequence

from sdplay.images.open import MOST_PIXELS, open_file
from sdplay.images.read import flat

MILLISECONDS = Fraction(1, 1000)
USUAL = 100  # milliseconds that browsers show a frame for which says none
MOST_BYTES = 2 * 2**30  # of frames without loss


def open_webp(path: Path) -> InputContainer | None:
    """The frames of an animated WebP, without loss and with their times; None for any other file.

    Raises `ValueError` for one that is too large, and what Pillow raises for a damaged one.
    """
    with path.open("rb") as file:
        head = file.read(12)
    if not (head[:4] == b"RIFF" and head[8:] == b"WEBP"):
        return None
    status = path.stat()
    return av.open(io.BytesIO(repacked(str(path), status.st_mtime_ns, status.st_size)), "r")


@lru_cache(maxsize=1)
def repacked(path: str, _changed: int, _size: int) -> bytes:
    """The frames of the file in FFV1 and Matroska; it is kept, since a clip is opened several times."""
    buffer = io.BytesIO()
    with open_file(Path(path), ("WEBP",)) as image, av.open(buffer, "w", format="matroska") as container:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"it has {image.width}x{image.height} pixels, more than this program reads")
        durations = [shown_for(each) for each in ImageSequence.Iterator(image)]
        pace = Fraction(1000 * len(durations), sum(durations)).limit_denominator(1001)
        stream = cast(VideoStream, container.add_stream("ffv1", rate=pace))
        stream.width, stream.height, stream.pix_fmt = image.width, image.height, "bgr0"
        stream.codec_context.time_base = MILLISECONDS
        for time, each in zip(accumulate(durations, initial=0), ImageSequence.Iterator(image), strict=False):
            container.mux(stream.encode(frame_of(each, time)))
            if buffer.tell() > MOST_BYTES:
                raise ValueError("its frames take more than 2 GiB; save it as MP4")
        container.mux(stream.encode(None))
    return buffer.getvalue()


def shown_for(image: Image.Image) -> int:
    """How many milliseconds the frame is shown for, which is known once it is decoded."""
    image.load()
    return int(image.info.get("duration") or USUAL)


def frame_of(image: Image.Image, time: int) -> VideoFrame:
    frame = VideoFrame.from_image(flat(image)).reformat(format="bgr0")
    frame.pts, frame.time_base = time, MILLISECONDS
    return frame
