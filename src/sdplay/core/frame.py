"""One picture's worth of work, as data: which words, which noise, what to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

from sdplay.core.request import FilePath, Fill, NoiseSource

Extent = Annotated[int, Field(strict=True, ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts that guide a picture towards and away."""

    prompt: str
    negative_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Where a picture's noise comes from; nothing else is random in it."""

    seed: int
    source: NoiseSource = "philox"


@dataclass(frozen=True, slots=True)
class Blank:
    """Start from noise alone."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A picture somebody gave: where it was, and the sha256 of its pixels (size and values), which is what counts."""

    path: FilePath
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    width: Extent
    height: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaint:
    """Which part to paint anew, and how its edge and its start are made; pixels everywhere.

    `borders` (left, top, right, bottom) is painted beyond the picture; with `padding` set, only the masked part and
    that much around it is drawn, enlarged to the recipe's size, and pasted back.
    """

    mask: Asset | None
    blur: float
    grow: int
    invert: bool
    fill: Fill
    borders: tuple[int, int, int, int]
    padding: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromImage:
    """Start from a picture: `strength` 0 gives it back, 1 ignores it; with `repaint` the rest keeps its bytes."""

    image: Asset
    strength: float
    repaint: Repaint | None = None


Init = Blank | FromImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Picture `index` of a recipe. `waits_for` is the index of the frame it needs first, None where it needs none."""

    index: int
    words: Words
    noise: Noise
    init: Init = Blank()

    @property
    def waits_for(self) -> int | None:
        return None
