"""Classifier-free guidance as one batched call (Ho & Salimans 2022, arXiv:2207.12598, equation 6)."""

from __future__ import annotations

import torch
from torch import Tensor

from sdplay.diffusion.denoiser import Denoiser


class GuidedDenoiser:
    """Wraps a denoiser whose batch is [away…, towards…]; `scale` 1 is the towards half alone, 0 the away half."""

    def __init__(self, both: Denoiser, scale: float) -> None:
        self.both, self.scale = both, scale

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        away, towards = self.both(torch.cat([x, x]), sigma).chunk(2)
        return away + self.scale * (towards - away)
