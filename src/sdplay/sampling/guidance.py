"""Classifier-free guidance as one batched call (Ho & Salimans 2022, arXiv:2207.12598, equation 6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.rescale import Rescale


class GuidedDenoiser:
    """Wraps a denoiser whose batch is [away…, towards…]; a scale of 1 is the towards half alone, 0 the away half.

    `scales` has one number for each picture; `rescale` brings the answer back to the spread of the towards half.
    """

    def __init__(self, both: Denoiser, scales: Sequence[float], rescale: Rescale | None = None) -> None:
        self.both, self.rescale = both, rescale
        self.scale = scales[0] if len(set(scales)) == 1 else torch.tensor(scales).view(-1, 1, 1, 1)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        away, towards = self.both(torch.cat([x, x]), sigma).chunk(2)
        guided = away + self.scale * (towards - away)
        return guided if self.rescale is None else self.rescale(x, sigma, guided, towards)


class ComposedDenoiser:
    """Guidance by several texts at once: x0 = away + scale · Σ weight_k · (towards_k − away).

    Wraps a denoiser whose batch is [away…, towards_1…, towards_2…]. `weights` has a row of numbers for every part, one
    number for each picture. This is the conjunction of Composable Diffusion (Liu et al. 2022, arXiv:2206.01714,
    equation 11), with a weight for each concept. `rescale` brings the answer back to the spread that it has at a scale
    of 1, where that of `GuidedDenoiser` is the towards half.
    """

    def __init__(
        self,
        all_: Denoiser,
        scales: Sequence[float],
        weights: Sequence[Sequence[float]],
        rescale: Rescale | None = None,
    ) -> None:
        self.all, self.rescale = all_, rescale
        self.weights = torch.tensor(weights).view(len(weights), -1, 1, 1, 1)
        self.pulls = (torch.tensor(weights) * torch.tensor(scales)).view(len(weights), -1, 1, 1, 1)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        count = len(self.pulls)
        away, *towards = self.all(torch.cat([x] * (1 + count)), sigma).chunk(1 + count)
        ways = torch.stack(towards) - away
        guided = away + (self.pulls * ways).sum(dim=0)
        if self.rescale is None:
            return guided
        return self.rescale(x, sigma, guided, away + (self.weights * ways).sum(dim=0))
