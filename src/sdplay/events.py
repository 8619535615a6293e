"""Events of a job, in order: command line, servers and tests read these."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.core.errors import BadRequest
from sdplay.core.warning import RequestWarning
from sdplay.requests.recipe import Recipe

if TYPE_CHECKING:  # whoever waits for a picture need not load what it is made of
    import numpy as np
    from numpy.typing import NDArray

    from sdplay.images.picture import LargerPicture, Picture, SavedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """All that can draw is at work for somebody else; comes again and again until a task gets its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The model is loaded and `total` pictures will be drawn."""

    recipe: Recipe
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something of what was asked will come out otherwise; comes after `Started`."""

    warning: RequestWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """Denoising step `step` of `steps` (from 1) is done for the pictures or frames `indices`, which share a batch.

    `previews` are small pictures of what is emerging, uint8 [h, w, 3], one for each, if that was asked for.
    """

    indices: tuple[int, ...]
    step: int
    steps: int
    previews: tuple[NDArray[np.uint8], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDone:
    """A picture is finished and in memory. In a grid, `key` is the `picture_key` of the picture that was requested.

    The picture itself may have another one: if its numbers overflowed, it was redrawn in higher precision. `png` is the
    same picture as a file without a recipe, where it came from another machine as one.
    """

    picture: Picture
    key: str = ""
    png: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyframeDone:
    """A film's keyframe is finished and in memory, uint8 [height, width, 3]; later frames start from it. `png` is as in
    `ImageDone`.
    """

    index: int
    pixels: NDArray[np.uint8] = field(repr=False)
    png: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthMapDone:
    """The depth map of keyframe `index`: `disparity` is float32 [height, width], 0 (far) to 1 (near)."""

    index: int
    disparity: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMoved:
    """The camera's move to frame `index` on a small picture, as a JPEG file; nothing is drawn."""

    index: int
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """Picture or frame `index` came out bad, and `how` says what was done; comes before its `ImageDone`."""

    index: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSaved:
    """A picture is finished and on disk; `key` is as in `ImageDone`."""

    artifact: SavedImage
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A picture of a grid was on disk already and its pixels are unchanged; `key` is as in `ImageDone`."""

    picture: Picture
    artifact: SavedImage
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The file at `path` claims to be a requested picture but its pixels were changed; it is redrawn."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A film of `total` frames starts, or a part of one, of which `done` are already on disk.

    `damaged` names files of the job that are missing or changed (ten at most); their frames are drawn again. Of the
    `total` frames of a part, `before` are drawn only because those asked for start from them.
    """

    total: int
    done: int
    damaged: tuple[str, ...] = ()
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """A dream's pace is being measured: `done` of `total` probes are drawn."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesSaved:
    """`done` of the `total` frames that are wanted are safely on disk; the rest takes about `seconds_left`.

    `seconds` is the duration of the newest segment: a keyframe and its in-betweens, or one batch of frames.
    """

    done: int
    total: int
    seconds_left: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSaved:
    """The film file is written (or, if not `anew`, existed already); its `frames` were counted by decoding it."""

    path: Path
    frames: int
    anew: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upscaled:
    """A picture is enlarged: `pixels` uint8 [height, width, 3]; `weights` is the sha256 of the network, "" for none."""

    pixels: NDArray[np.uint8] = field(repr=False)
    weights: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UpscaleDone:
    """A picture was enlarged and, if its `path` is set, saved."""

    picture: LargerPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameUpscaled:
    """Frame `index` of the `total` of a film was made larger."""

    index: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmUpscaled:
    """The larger film is in the file `path`: so many frames of `size` (width, height)."""

    path: Path
    frames: int
    size: tuple[int, int]
    upscaler: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file among several cannot be used, because of `error`; the others are done."""

    error: BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDrawn:
    """Unit `number` of a job that many processes share is drawn, by this one in `seconds`; `done` of `total` are."""

    number: int
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceChecked:
    """A piece of unit `unit`, which the worker `of` had drawn, was drawn again, and came out the `same` or not."""

    unit: int
    of: str
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBanned:
    """The worker `name` drew something else than others did: it gets no more, and `pieces` are drawn again."""

    name: str
    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBy:
    """What came before it was drawn by `worker`, which calculates by what `mark` stands for; with `mixed` others may
    calculate otherwise.
    """

    worker: str
    mark: str
    mixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """All `total` pictures are done."""

    total: int
    seconds: float


FilmEvent = KeyframeDone | DepthMapDone | FrameMoved | Retried | Resumed | Measuring | FramesSaved | FilmSaved
GridEvent = Reused | Mismatch
ShardEvent = UnitDrawn | PieceChecked | WorkerBanned | DrawnBy
UpscaleEvent = Upscaled | UpscaleDone | FrameUpscaled | FilmUpscaled | Skipped
Event = (
    Waiting
    | Started
    | Warned
    | Stepped
    | ImageDone
    | ImageSaved
    | Finished
    | FilmEvent
    | GridEvent
    | ShardEvent
    | UpscaleEvent
)
