"""Classifier-free guidance as one batched call (Ho & Salimans 2022, arXiv:2207.12598, equation 6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sdplay.diffusion.denoiser import Denoiser


class GuidedDenoiser:
    """Wraps a denoiser whose batch is [away…, towards…]; a scale of 1 is the towards half alone, 0 the away half.

    `scales` has one number for each picture.
    """

    def __init__(self, both: Denoiser, scales: Sequence[float]) -> None:
        self.both = both
        self.scale = scales[0] if len(set(scales)) == 1 else torch.tensor(scales).view(-1, 1, 1, 1)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        away, towards = self.both(torch.cat([x, x]), sigma).chunk(2)
        return away + self.scale * (towards - away)
