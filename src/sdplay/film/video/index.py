"""How many frames a clip has and when each is shown, and what else is to be known before it is used."""

from __future__ import annotations

import bisect
import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from sdplay.film.video.container import open_clip, refuse
from sdplay.images.open import MOST_PIXELS
from sdplay.images.read import Pixels

CONVERSION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
UNSPECIFIED = 2
# A film that does not say how its colours were stored follows the television of its size.
HIGH_DEFINITION_LINES = 720

# Formats in which decoding can start at any key frame.
SEEKABLE = ("mov", "matroska")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """What a clip holds, as it is to be seen: turned upright and with square pixels.

    `fps`: the mean pace; `variable`: the frames do not follow one another evenly; `rotation`: degrees clockwise by
    which the stored pictures are turned; `digest`: sha256 of the file.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    rotation: int
    variable: bool
    has_sound: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipIndex:
    """When each frame of a clip is shown, in units of `time_base` seconds, in the order in which they are shown.

    `keys`: frames at which decoding can start. `timed`: decoded frames can be told apart by these times; otherwise
    they are to be counted. `fps`: the mean pace.
    """

    times: Sequence[int]
    keys: Sequence[int]
    time_base: Fraction
    timed: bool
    fps: Fraction

    def key_before(self, frame: int) -> int:
        """The last key frame at or before `frame`, 0 if there is none."""
        place = bisect.bisect_right(self.keys, frame)
        return self.keys[place - 1] if place else 0

    @property
    def variable(self) -> bool:
        """Whether gaps between frames differ by more than rounding to the file's clock explains."""
        gaps = [later - earlier for earlier, later in pairwise(self.times)]
        return bool(gaps) and max(gaps) - min(gaps) > max(2, median(gaps) / 10)


def probe(path: Path) -> ClipFacts:
    """The facts of the clip `path`. The file is read twice from end to end, and as a rule one frame is decoded.

    Raises `BadRequest` (field `video_init_path`) for a file that is missing, cut off, not a film, or without pictures.
    """
    index = index_clip(path)
    container, stream = open_clip(path)
    with container:
        frame = next(intact_frames(container, stream), None)
        if frame is None:
            refuse(path, "holds no frame that can be decoded")
        upright = upright_of(frame, stream.sample_aspect_ratio)
        has_sound = bool(container.streams.audio)
    width, height = upright.size
    if width * height > MOST_PIXELS:
        refuse(path, f"has {width}x{height} pixels, more than this program reads", hint="make it smaller first")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ClipFacts(
        width=width,
        height=height,
        fps=index.fps,
        frames=len(index.times),
        rotation=upright.rotation,
        variable=index.variable,
        has_sound=has_sound,
        digest=digest,
    )


def index_clip(path: Path) -> ClipIndex:
    """The times of all frames: from the file's packets if these have them, otherwise from decoding all of it.

    Raises `BadRequest` as `probe` does.
    """
    container, stream = open_clip(path)
    with container:
        _check_whole(path, stream, container.size)
        packets = [packet for packet in _packets(container, stream) if not _hidden(packet, stream)]
        shown = sorted((packet.pts, packet.is_keyframe) for packet in packets if packet.pts is not None)
        announced, time_base = stream.average_rate, stream.time_base or Fraction(1, 1000)
        seekable = container.format.name.split(",")[0] in SEEKABLE
    times, timed = [time for time, _ in shown], True
    if len(set(times)) < len(packets):
        times, timed = _decoded_times(path)
        seekable = False
    if not times:
        refuse(path, "holds no frame")
    keys = [i for i, (_, is_key) in enumerate(shown) if is_key] if seekable else [0]
    if not timed:
        time_base = 1 / announced if announced else Fraction(1, 25)
    fps = _mean_pace(times, time_base, announced)
    return ClipIndex(times=times, keys=keys, time_base=time_base, timed=timed, fps=fps)


def intact_frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """All frames that can be decoded, from where the container stands; damaged ones are left out."""
    for packet in _packets(container, stream):
        yield from _intact(stream, packet)
    yield from _intact(stream, None)


def _intact(stream: VideoStream, packet: Packet | None) -> Iterator[VideoFrame]:
    """The frames that `packet` completes, or those that the decoder still holds."""
    try:
        frames = stream.codec_context.decode(packet)
    except FFmpegError:
        return
    yield from (frame for frame in frames if isinstance(frame, VideoFrame) and not frame.is_corrupt)


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The stream's packets, up to where the file ends or breaks off."""
    with contextlib.suppress(FFmpegError):
        yield from (packet for packet in container.demux(stream) if packet.size)


def _hidden(packet: Packet, stream: VideoStream) -> bool:
    """Whether the packet holds no frame that is shown: cut away by an edit list, or one that VP8 only refers to."""
    vp8_shows = 0x10
    return packet.is_discard or (stream.codec_context.name == "vp8" and not bytes(packet)[0] & vp8_shows)


def _check_whole(path: Path, stream: VideoStream, size: int) -> None:
    """An MP4 that lists where its frames lie must reach that far; `size` is that of what was opened, in bytes."""
    ends = (entry.pos + entry.size for entry in stream.index_entries)
    if (needed := max(ends, default=0)) > size:
        refuse(path, f"was cut off: {size:,} bytes of at least {needed:,} are there", hint="copy it again")


def _decoded_times(path: Path) -> tuple[list[int], bool]:
    """The times of the frames that decoding gives, and whether they tell frames apart (or are mere numbers)."""
    container, stream = open_clip(path)
    with container:
        times = [frame.pts for frame in intact_frames(container, stream)]
    known = [time for time in times if time is not None]
    if len(known) == len(times) and all(earlier < later for earlier, later in pairwise(known)):
        return known, True
    return list(range(len(times))), False


def _mean_pace(times: Sequence[int], time_base: Fraction, announced: Fraction | None) -> Fraction:
    """Frames a second; where the file says so, its word."""
    if announced:
        return announced
    span = (times[-1] - times[0]) * time_base
    return ((len(times) - 1) / span).limit_denominator(1001) if span else Fraction(25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upright:
    """How stored pictures become upright: stretched to `stretched` (width, height), then transposed, then mirrored."""

    stretched: tuple[int, int]
    transposed: bool = False
    left_right: bool = False
    top_down: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self.stretched
        return (height, width) if self.transposed else (width, height)

    @property
    def rotation(self) -> int:
        """Degrees clockwise by which the stored picture is turned (besides any mirroring): 0, 90, 180 or 270."""
        if self.transposed:
            return 90 if self.left_right else 270
        return 180 if self.top_down else 0

    def pixels(self, frame: VideoFrame, reformatter: VideoReformatter) -> Pixels:
        """The upright picture of a decoded `frame`, uint8 [height, width, 3] sRGB."""
        width, height = self.stretched
        source = None
        if frame.colorspace == UNSPECIFIED and frame.height >= HIGH_DEFINITION_LINES:
            source = Colorspace.ITU709
        shown = reformatter.reformat(
            frame, width, height, "rgb24", src_colorspace=source, interpolation=CONVERSION, threads=1
        )
        rgb = np.asarray(shown.to_ndarray(), np.uint8)
        rgb = rgb.transpose(1, 0, 2) if self.transposed else rgb
        rgb = rgb[:, ::-1] if self.left_right else rgb
        return np.ascontiguousarray(rgb[::-1] if self.top_down else rgb)


def upright_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Upright:
    """How the pictures of a clip become upright, from one of them and the clip's shape of a pixel (width / height)."""
    stretched = (max(1, round(frame.width * (pixel_aspect or 1))), frame.height)
    sides = frame.side_data.get("DISPLAYMATRIX")
    if sides is None:
        return Upright(stretched=stretched)
    # [[a, b, u], [c, d, v], [x, y, w]]: a stored pixel (p, q) is shown at (a·p + c·q + x, b·p + d·q + y).
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(sides), np.int32)[:5])
    if abs(b) > abs(a):
        return Upright(stretched=stretched, transposed=True, left_right=c < 0, top_down=b < 0)
    return Upright(stretched=stretched, left_right=a < 0, top_down=d < 0)
