"""Classifier-free guidance in one batched call (Ho & Salimans 2022, arXiv:2207.12598, equation 6), and rescaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.process import Process


@dataclass(frozen=True, slots=True)
class Rescale:
    """Guidance that does not wash out: the guided x0 brought back to the contrast of the unguided one by `phi` 0..1.

    Strong guidance makes a network's output larger, and pictures glaring. Lin et al. 2023, "Common Diffusion Noise
    Schedules and Sample Steps are Flawed" (arXiv:2305.08891), equations 14 to 16.
    """

    phi: float
    process: Process

    def __call__(self, x: Tensor, sigma: float, guided: Tensor, unguided: Tensor) -> Tensor:
        """`guided` with the standard deviation of `unguided` in each sample; all are x0 [B, C, ...].

        The deviation is that of the network's output. x0 = skip − s·output, so s cancels out.
        """
        skip = self.process.skip(x, sigma)
        output = skip - guided
        ratio = standard_deviation(skip - unguided) / standard_deviation(output)
        return skip - output * (self.phi * ratio + (1 - self.phi))


class GuidedDenoiser:
    """x0 = uncond + scale · (cond − uncond), by a denoiser whose batch is [uncond…, cond…].

    `scales` has one number for each sample; `rescale` brings the answer back to the contrast of cond.
    """

    def __init__(self, both: Denoiser, scales: Sequence[float], rescale: Rescale | None = None) -> None:
        self.both, self.scales, self.rescale = both, scales, rescale

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        uncond, cond = self.both(torch.cat([x, x]), sigma).chunk(2)
        scale = self.scales[0] if len(set(self.scales)) == 1 else per_sample(self.scales, x)
        guided = uncond + scale * (cond - uncond)
        return guided if self.rescale is None else self.rescale(x, sigma, guided, cond)


class ComposedDenoiser:
    """Guidance by several prompts at once: x0 = uncond + scale · Σ weight_k · (cond_k − uncond).

    Wraps a denoiser whose batch is [uncond…, cond_1…, cond_2…]. `weights` has a row for every prompt, with one number
    for each sample. This is the conjunction of Composable Diffusion (Liu et al. 2022, arXiv:2206.01714, equation 11),
    with a weight for each concept. `rescale` brings the answer back to the contrast that it has at a scale of 1.
    """

    def __init__(
        self,
        all_: Denoiser,
        scales: Sequence[float],
        weights: Sequence[Sequence[float]],
        rescale: Rescale | None = None,
    ) -> None:
        self.all, self.scales, self.weights, self.rescale = all_, scales, weights, rescale

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        count = len(self.weights)
        uncond, *conds = self.all(torch.cat([x] * (1 + count)), sigma).chunk(1 + count)
        weights = torch.stack([per_sample(row, x) for row in self.weights])
        directions = torch.stack(conds) - uncond
        guided = uncond + (weights * per_sample(self.scales, x) * directions).sum(dim=0)
        if self.rescale is None:
            return guided
        return self.rescale(x, sigma, guided, uncond + (weights * directions).sum(dim=0))


def per_sample(numbers: Sequence[float], x: Tensor) -> Tensor:
    """One number for each sample of x [B, ...], as [B, 1, ...] on its device."""
    return torch.tensor(numbers, device=x.device).view(-1, *[1] * (x.dim() - 1))


def standard_deviation(x: Tensor) -> Tensor:
    """That of each sample over all its numbers, [B, 1, ...]."""
    return x.std(dim=tuple(range(1, x.dim())), keepdim=True)
