"""`Denoiser`, the one protocol that samplers know, and the denoisers without guidance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from sdplay.sampling.process import Process

# network(x_scaled, timesteps[B]) -> output of x's shape; all on the device of the model, in float32
Network = Callable[[Tensor, Tensor], Tensor]


class Denoiser(Protocol):
    """Estimate the clean latents x0 [B, C, ...] from x, of the same shape, at one noise level for the whole batch."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...


class NetworkDenoiser:
    """A network as a denoiser, by the process that it was trained on."""

    def __init__(self, network: Network, process: Process) -> None:
        self.network, self.process = network, process

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        timesteps = torch.full((len(x),), self.process.timestep(sigma), dtype=torch.float32, device=x.device)
        output = self.network(self.process.scale_input(x, sigma), timesteps)
        return self.process.x0(x, sigma, output)


class MaskedDenoiser:
    """Inpainting with an ordinary model: outside `mask` the answer is `known`.

    `mask` [B, 1, ...] is 1 where to repaint and 0 elsewhere, `known` [B, C, ...] the clean latents. Started from
    `known` with noise, a deterministic sampler then keeps the rest at `known` with noise of every level: what
    RePaint-style pipelines paste in after each step (Lugmayr et al. 2022, arXiv:2201.09865, equation 8).
    """

    def __init__(self, inner: Denoiser, mask: Tensor, known: Tensor) -> None:
        self.inner, self.mask, self.known = inner, mask, known

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return torch.where(self.mask > 0, self.inner(x, sigma), self.known)


class SteppedDenoiser:
    """Another denoiser at every step: `at(step)` makes that of step 0, 1, ... of a run through the levels `sigmas`.

    Step i lasts from sigmas[i] to just above sigmas[i + 1]. The level alone tells the step, so samplers need not, and
    those that evaluate levels in between get the right one.
    """

    def __init__(self, sigmas: Sequence[float], at: Callable[[int], Denoiser]) -> None:
        self.sigmas, self.at = sigmas, at

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.at(self.step(sigma))(x, sigma)

    def step(self, sigma: float) -> int:
        """The step in which the level `sigma` lies; 0 for levels above all of them."""
        reached = bisect_right(self.sigmas, -sigma, key=lambda level: -level)
        return min(max(reached - 1, 0), len(self.sigmas) - 2)
