"""Noise per picture: a pure function of (seed, purpose, step), the same on every machine.

The default is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) in the counter
layout of CUDA's generator, with the Box-Muller transform: what A1111 calls "RNG: NV". The arithmetic is done in float64
and rounded once, so that the last bit does not depend on a CPU's vector library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.sample import AnyNoise, Noise, SlerpNoise, SplineNoise
from sdplay.sampling.interpolation import catmull_rom, circle, slerp

NoiseSampler = Callable[[int | None], Tensor]

ROUND_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)


def philox(counters: NDArray[np.uint64], seed: int, rounds: int = 10) -> NDArray[np.uint64]:
    """Philox4x32 of `counters` [4, n] (32-bit words held in uint64) under the 64-bit key `seed`; words [4, n]."""
    c0, c1, c2, c3 = counters
    key0, key1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for _ in range(rounds):
        product0 = c0 * np.uint64(ROUND_MULTIPLIERS[0])
        product2 = c2 * np.uint64(ROUND_MULTIPLIERS[1])
        c0, c1, c2, c3 = (
            (product2 >> np.uint64(32)) ^ c1 ^ np.uint64(key0),
            product2 & LOW,
            (product0 >> np.uint64(32)) ^ c3 ^ np.uint64(key1),
            product0 & LOW,
        )
        key0, key1 = (key0 + KEY_STEPS[0]) & 0xFFFFFFFF, (key1 + KEY_STEPS[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3])


def philox_normal(seed: int, count: int, offset: int) -> NDArray[np.float32]:
    """`count` standard normal numbers: draw number `offset` of a CUDA generator seeded with `seed`; float32 [count]."""
    counters = np.zeros((4, count), np.uint64)
    counters[0] = offset
    counters[2] = np.arange(count, dtype=np.uint64)
    first, second = philox(counters, seed)[:2].astype(np.float64)
    scale = 2.0**-32
    radius = np.sqrt(-2.0 * np.log(first * scale + scale / 2))
    angle = 2.0 * math.pi * (second * scale + scale / 2)
    return (radius * np.sin(angle)).astype(np.float32)


def seed_noise(noise: Noise, shape: Sequence[int], step: int | None = None) -> Tensor:
    """Noise of one picture, float32 on the CPU: the start (`step` None) or what sampler step `step` adds.

    With source "torch" the start is that of `torch.Generator("cpu").manual_seed(seed)` and step k the k+1-th later draw
    from it, as a diffusers user gets them; its bits differ between kinds of CPU (measured on torch 2.13).
    """
    if noise.source == "philox":
        offset = 0 if step is None else step + 1
        return torch.as_tensor(philox_normal(noise.seed, math.prod(shape), offset)).reshape(*shape)
    generator = torch.Generator("cpu").manual_seed(noise.seed)
    unit = torch.randn(*shape, generator=generator)
    for _ in range(0 if step is None else step + 1):
        unit = torch.randn(*shape, generator=generator)
    return unit


def sample_noise(noise: AnyNoise, shape: Sequence[int], step: int | None = None) -> Tensor:
    """`seed_noise`, or what lies between the noise of several seeds, draw by draw."""
    if isinstance(noise, Noise):
        return seed_noise(noise, shape, step)
    if isinstance(noise, SlerpNoise):
        return slerp(seed_noise(noise.start, shape, step), seed_noise(noise.end, shape, step), noise.weight)
    if isinstance(noise, SplineNoise):
        return catmull_rom([seed_noise(each, shape, step) for each in noise.through], noise.weight)
    return circle(seed_noise(noise.first, shape, step), seed_noise(noise.second, shape, step), noise.turn)


def batch_noise(
    noises: Sequence[AnyNoise], shape: Sequence[int], step: int | None = None, device: torch.device | str = "cpu"
) -> Tensor:
    """The noise of several samples stacked, [len(noises), *shape], on `device`; its bits are made on the CPU."""
    return torch.stack([sample_noise(noise, shape, step) for noise in noises]).to(device)
