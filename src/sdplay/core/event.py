"""What happens while pictures are drawn, in order; progress bars, servers and tests all read these."""

from __future__ import annotations

from dataclasses import dataclass

from sdplay.core.artifact import Artifact, Picture
from sdplay.core.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The model is loaded and `total` pictures will be drawn."""

    recipe: Recipe
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """Denoising step `step` of `steps` (from 1) is done for the frames `frames` (their indices)."""

    frames: tuple[int, ...]
    step: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture is finished and in memory."""

    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDone:
    """A picture is finished and on disk."""

    artifact: Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """All `total` pictures are done."""

    total: int
    seconds: float


Event = Started | Stepped | Drawn | FrameDone | Finished
