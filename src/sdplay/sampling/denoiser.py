"""The one protocol samplers know, and the wrapper that makes a trained network speak it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from sdplay.sampling.sigmas import NoiseSchedule

Network = Callable[[Tensor, Tensor], Tensor]


class Denoiser(Protocol):
    """Estimate the clean latents x0 [B, C, H, W] from x = x0 + sigma·noise, at one `sigma` for the whole batch."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...


class NetworkDenoiser:
    """A network that was trained to predict epsilon or v at integer steps, as a denoiser in sigma space.

    `network(x_scaled, timesteps[B])` takes variance-preserving input. With c = 1/sqrt(1 + sigma²): epsilon gives
    x0 = x − sigma·out; v gives x0 = c²·x − sigma·c·out (Salimans & Ho 2022, arXiv:2202.00512, appendix D).
    """

    def __init__(self, network: Network, table: NoiseSchedule) -> None:
        self.network, self.table = network, table

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        scale = (1 + sigma**2) ** -0.5
        timesteps = torch.full((x.size(0),), self.table.timestep(sigma), dtype=torch.float32)
        out = self.network(x * scale, timesteps)
        if self.table.prediction == "v_prediction":
            return x * scale**2 - out * (sigma * scale)
        return x - out * sigma
