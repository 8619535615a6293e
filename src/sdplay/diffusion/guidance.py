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


class ComposedDenoiser:
    """Guidance by several texts at once: x0 = away + scale · Σ weight_k · (towards_k − away).

    Wraps a denoiser whose batch is [away…, towards_1…, towards_2…]. `weights` has a row of numbers for every part, one
    number for each picture. This is the conjunction of Composable Diffusion (Liu et al. 2022, arXiv:2206.01714,
    equation 11), with a weight for each concept.
    """

    def __init__(self, all_: Denoiser, scales: Sequence[float], weights: Sequence[Sequence[float]]) -> None:
        self.all = all_
        self.pulls = (torch.tensor(weights) * torch.tensor(scales)).view(len(weights), -1, 1, 1, 1)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        count = len(self.pulls)
        away, *towards = self.all(torch.cat([x] * (1 + count)), sigma).chunk(1 + count)
        return away + (self.pulls * (torch.stack(towards) - away)).sum(dim=0)
