"""Look at a finished film by decoding all of it: what a file announces and what it holds are two things."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageSequence

from sdplay.core.errors import StoreError
from sdplay.film.video.container import TROUBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What a film file holds: `frames` that were decoded, their `fps`, size in pixels, `seconds` of pictures."""

    frames: int
    fps: Fraction
    width: int
    height: int
    seconds: float
    has_sound: bool


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
