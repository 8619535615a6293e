"""Samplers: pure functions that walk x down a ladder of noise levels and yield after every step.

    sampler(denoise, x, sigmas, noise) -> Iterator[Step]

`x` is [B, C, H, W] at level sigmas[0]; `noise(k)` is fresh unit noise of x's shape for step k, which only the ancestral
samplers ask for. Whoever drives the iterator may stop at any step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from sdplay.diffusion.denoiser import Denoiser
from sdplay.diffusion.noise import NoiseAt


@dataclass(frozen=True, slots=True)
class Step:
    """Step `index` (from 0) of `total` is done: `x` is at the next level, `x0` what the denoiser saw in the old x."""

    index: int
    total: int
    sigma: float
    x: Tensor
    x0: Tensor


Sampler = Callable[[Denoiser, Tensor, Sequence[float], NoiseAt], Iterator[Step]]


def euler(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseAt) -> Iterator[Step]:
    """Euler's method on the probability-flow ODE (Karras et al. 2022, algorithm 2 without its correction)."""
    total = len(sigmas) - 1
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        x = x + slope * (following - sigma)
        yield Step(i, total, sigma, x, x0)


def ddim(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseAt) -> Iterator[Step]:
    """Deterministic DDIM (Song et al. 2020, arXiv:2010.02502, equation 12 with eta 0), written in sigma space."""
    total = len(sigmas) - 1
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        epsilon = (x - x0) / sigma
        x = x0 + epsilon * following
        yield Step(i, total, sigma, x, x0)


def ancestral_step(sigma: float, following: float) -> tuple[float, float]:
    """How far down to go and how much noise to add so that the variance at `following` is right: (down, up)."""
    up = math.sqrt(following**2 * (sigma**2 - following**2) / sigma**2)
    return math.sqrt(following**2 - up**2), up


def euler_ancestral(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseAt) -> Iterator[Step]:
    """Euler steps that go too far down and add fresh noise back (k-diffusion's Euler ancestral, eta 1)."""
    total = len(sigmas) - 1
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        down, up = ancestral_step(sigma, following)
        x = x + (x - x0) / sigma * (down - sigma)
        if up > 0:
            x = x + noise(i) * up
        yield Step(i, total, sigma, x, x0)


def dpmpp_2m(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseAt) -> Iterator[Step]:
    """DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, algorithm 2), with t = −log sigma."""
    total = len(sigmas) - 1
    earlier: Tensor | None = None
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        if following == 0:
            x = x0
        else:
            h = math.log(sigma / following)
            blend = x0
            if earlier is not None:
                ratio = math.log(sigmas[i - 1] / sigma) / h
                blend = (1 + 1 / (2 * ratio)) * x0 - (1 / (2 * ratio)) * earlier
            x = (following / sigma) * x - math.expm1(-h) * blend
        earlier = x0
        yield Step(i, total, sigma, x, x0)


SAMPLERS: dict[str, Sampler] = {
    "euler": euler,
    "euler_a": euler_ancestral,
    "dpmpp_2m": dpmpp_2m,
    "ddim": ddim,
}
