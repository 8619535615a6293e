"""One picture's worth of work, as data: which words, which noise, what to start from."""

from __future__ import annotations

from dataclasses import dataclass

from sdplay.core.request import NoiseSource


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


Init = Blank


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
