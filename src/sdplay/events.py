"""What happens while pictures are drawn, in order; progress bars, servers and tests all read these."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.images.picture import Artifact, Picture
from sdplay.requests.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The model is loaded and `total` pictures will be drawn."""

    recipe: Recipe
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """Denoising step `step` of `steps` (from 1) is done for the frames `frames` (their indices).

    `previews` are small pictures of what is emerging, uint8 [h, w, 3], one for each frame, where that was asked for.
    """

    frames: tuple[int, ...]
    step: int
    steps: int
    previews: tuple[NDArray[np.uint8], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture is finished and in memory; in a grid, `key` is that of the picture that was asked for.

    The picture itself may have another one: where its numbers overflowed it is drawn in more precision than asked.
    """

    picture: Picture
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyDrawn:
    """A film's key picture is finished and in memory, uint8 [height, width, 3]: what later frames start from."""

    index: int
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthFound:
    """What is near in the film's key picture `index`: float32 [height, width], 0 far to 1 near."""

    index: int
    nearness: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """Picture or frame `index` came out bad, and `how` it was mended; said before its `Drawn`."""

    index: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDone:
    """A picture is finished and on disk; `key` is as in `Drawn`."""

    artifact: Artifact
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A picture of a grid was on disk already, and its pixels are those it was drawn with; `key` is as in `Drawn`."""

    picture: Picture
    artifact: Artifact
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """The file at `path` says that it is a picture that is wanted, but was changed since; it is drawn anew."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A film of `total` frames is begun, of which `done` are there already."""

    total: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """A dream's pace is being measured: `done` of `total` sketches are drawn."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`done` of a film's `total` frames are on the disk for good; the rest takes about `seconds_left`.

    `seconds` is what the newest unit took: a key and its in-betweens, or one pass of frames.
    """

    done: int
    total: int
    seconds_left: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmed:
    """The film file is written, or was already where it is not `anew`; its `frames` were counted by decoding it."""

    path: Path
    frames: int
    anew: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """All `total` pictures are done."""

    total: int
    seconds: float


FilmEvent = KeyDrawn | DepthFound | Rescued | Resumed | Measuring | Kept | Filmed
GridEvent = Reused | Spoiled
Event = Started | Stepped | Drawn | FrameDone | Finished | FilmEvent | GridEvent
