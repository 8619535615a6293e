"""A family that also keeps the latents it was given to decode."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from sdplay.families.sd.model import StableDiffusion


class Watched:
    """Behaves as the family it wraps."""

    def __init__(self, family: StableDiffusion) -> None:
        self._family = family
        self.latents: list[Tensor] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._family, name)

    def decode(self, latents: Tensor) -> Tensor:
        self.latents.append(latents.clone())
        return self._family.decode(latents)
