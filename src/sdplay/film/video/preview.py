"""A small film that can be watched while it is being made, and after the program was killed."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from sdplay.film.video.container import TROUBLE, Coding, film_errors, open_output
from sdplay.film.video.encode import PictureTrack
from sdplay.images.read import Pixels

WIDEST = 512
# A fragment of 15 frames is complete in itself, and is in the file as soon as the next one begins. The encoder looks
# at no later frame (zerolatency), or it would hold back forty more.
FRAGMENT = "15"
PREVIEW = Coding(
    container="mp4",
    codec="libx264",
    pixel_format="yuv420p",
    options={
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": "23",
        "g": FRAGMENT,
        "keyint_min": FRAGMENT,
        "sc_threshold": "0",
    },
    container_options={"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"},
    subsampled=True,
)


class PreviewWriter:
    """A fragmented mp4 at `path`, at most 512 pixels wide, from frames of any size: `with PreviewWriter(…) as preview`.

    It is written in place and stays whatever happens: all but the last 15 frames or so can be read at any moment.
    Every frame of the film has the proportions of the first one. Raises `DiskFull` or `StoreError`.
    """

    def __init__(self, path: Path, fps: Fraction) -> None:
        self._path, self._fps = path, fps
        self._pictures: PictureTrack | None = None

    def __enter__(self) -> Self:
        with film_errors(self._path):
            if self._path.exists() and not self._path.is_file():  # a pipe would be waited for
                self._path.unlink()
            self._container = open_output(self._path, PREVIEW, comment="")
        return self

    def add(self, pixels: Pixels) -> None:
        """Append one frame, uint8 [H, W, 3] sRGB."""
        with film_errors(self._path):
            if self._pictures is None:
                self._size = preview_size(pixels.shape[1], pixels.shape[0])
                self._pictures = PictureTrack(self._container, PREVIEW, self._size, self._fps)
            small = np.asarray(Image.fromarray(pixels).resize(self._size, Image.Resampling.BICUBIC, reducing_gap=3.0))
            self._container.mux(list(self._pictures.add(small)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with film_errors(self._path) if error is None else contextlib.suppress(*TROUBLE):
            if self._pictures is not None:
                self._container.mux(list(self._pictures.end()))
            self._container.close()


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the preview of such frames."""
    if width <= WIDEST:
        return width, height
    return WIDEST, max(1, round(height * WIDEST / width))
