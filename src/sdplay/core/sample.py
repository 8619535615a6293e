"""One picture's worth of work, as data: which words, which noise, what to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

from sdplay.core.fields import FilePath, Fill, NoiseSource, Syntax, Upscaling

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Extent = Annotated[int, Field(strict=True, ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPair:
    """The texts that guide a picture towards and away, and whether their notation means something."""

    prompt: str
    negative_prompt: str = ""
    syntax: Syntax = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Where a picture's noise comes from; nothing else is random in it."""

    seed: int
    source: NoiseSource = "philox"


@dataclass(frozen=True, slots=True, kw_only=True)
class LerpPrompt:
    """Between two texts, in what the text encoder makes of them: `weight` 0 is `start`, 1 is `end`."""

    start: PromptPair
    end: PromptPair
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlerpNoise:
    """Between two noises on the shortest arc: `weight` 0 is `start`, 1 is `end`."""

    start: Noise
    end: Noise
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SplineNoise:
    """From the second to the third of four noises, on a curve without kinks through all of them."""

    through: tuple[Noise, Noise, Noise, Noise]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleNoise:
    """`turn` 0..1 of a full circle through two noises; 0 is `first`, a quarter `second`."""

    first: Noise
    second: Noise
    turn: float


AnyPrompt = PromptPair | LerpPrompt
AnyNoise = Noise | SlerpNoise | SplineNoise | CircleNoise


@dataclass(frozen=True, slots=True)
class FromNoise:
    """Start from noise alone."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAsset:
    """A picture somebody gave: where it was, and what counts, the sha256 of its pixels (size and values)."""

    path: FilePath
    digest: Digest
    width: Extent
    height: Extent


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ClipAsset:
    """A video somebody gave: where it was, and what counts, the sha256 of its file."""

    path: FilePath
    digest: Digest
    width: Extent
    height: Extent


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class FileAsset:
    """A sound or a depth model somebody gave: where it was, and what counts, the sha256 of its file."""

    path: FilePath
    digest: Digest


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class LatentsAsset:
    """Latents somebody gave: where they were, and what counts, the sha256 of their shape and values."""

    path: FilePath
    digest: Digest
    channels: Extent
    height: Extent
    width: Extent


Asset = ImageAsset | ClipAsset | FileAsset | LatentsAsset


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaint:
    """Which part to repaint, and how its edge and its start are made; pixels everywhere.

    `borders` (left, top, right, bottom) is painted beyond the picture; with `padding` set, only the masked part and
    that much around it is drawn, enlarged to the recipe's size, and pasted back.
    """

    mask: ImageAsset | None
    blur: float
    grow: int
    invert: bool
    fill: Fill
    borders: tuple[int, int, int, int]
    padding: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromImage:
    """Start from a picture: `strength` 0 gives it back, 1 ignores it; with `repaint` the rest keeps its bytes."""

    image: ImageAsset
    strength: float
    repaint: Repaint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFilm:
    """Start from pixels that the renderer hands in: a frame of a clip, or the drawn frame `previous`, moved."""

    strength: float
    previous: int | None = None


Init = FromNoise | FromImage | FromFilm


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPass:
    """Enlarge what was drawn to `width` by `height` pixels, and draw over it once more: in `steps` steps, from as much
    noise as lets it change by `strength` 0..1.
    """

    width: int
    height: int
    upscaling: Upscaling
    steps: int
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A picture whose shapes are followed: the ControlNet called `network` looks at it, or at its edges (`edges`: low
    and high threshold), counts `scale`, and works from the share `start` of the steps to the share `end`.
    """

    image: ImageAsset
    network: str
    edges: tuple[int, int] | None
    scale: float
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Picture `index` of a recipe. `waits_for` is the index of the frame it needs first, None if it needs none.

    `steps` and `guidance_scale` are None if they are the recipe's; with `second` it is drawn in two passes.
    """

    index: int
    prompt: AnyPrompt
    noise: AnyNoise
    init: Init = FromNoise()
    steps: int | None = None
    guidance_scale: float | None = None
    second: SecondPass | None = None
    control: Control | None = None

    @property
    def waits_for(self) -> int | None:
        return self.init.previous if isinstance(self.init, FromFilm) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Frames `first` to `stop` (exclusive) of a film, drawn in one go; `waits_for` is the number of the segment whose
    last drawn picture it starts from, None if it starts by itself.
    """

    number: int
    first: int
    stop: int
    waits_for: int | None = None
