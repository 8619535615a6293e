"""The kinds of film file that are written, and how each is coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from sdplay.core.errors import BadRequest

FilmKind = Literal["mp4", "gif", "webp", "apng", "webm", "mkv"]

# A GIF counts in hundredths of a second, and programs that show one slow down below two of them.
FASTEST_GIF = 50
LARGEST_WEBP = 16383
# x264's look-ahead on AVX-512 gives other bytes from run to run if the width is not a multiple of 256 pixels; without
# routines chosen by the processor the bytes are the same everywhere. Sliced threads would cost a fifth more bytes.
X264 = "cpu-independent=1:sliced-threads=0"


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
