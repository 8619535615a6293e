"""Another denoiser at every step, for words that change on the way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from torch import Tensor

from sdplay.sampling.denoiser import Denoiser


class SteppedDenoiser:
    """Asks `at(step)` for the denoiser of each step (from 0) of the ladder `sigmas`, which goes down.

    Step i is from sigmas[i] to just above sigmas[i + 1]: the level alone tells it, so that samplers need not, those
    that look at levels in between either.
    """

    def __init__(self, sigmas: Sequence[float], at: Callable[[int], Denoiser]) -> None:
        self.sigmas, self.at = sigmas, at

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.at(self.step(sigma))(x, sigma)

    def step(self, sigma: float) -> int:
        """The step in which the level `sigma` lies; the first one for levels above them all."""
        reached = bisect_right(self.sigmas, -sigma, key=lambda level: -level)
        return min(max(reached - 1, 0), len(self.sigmas) - 2)
