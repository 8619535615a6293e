"""Noise per picture: a pure function of (seed, step), the same on every machine.

The default is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) in the counter
layout of CUDA's generator, with the Box-Muller transform: what A1111 calls "RNG: NV". The arithmetic is done in float64
and rounded once, so that the last bit does not depend on a CPU's vector library.

Between two noises, directions go along arcs and curves, and lengths are interpolated. A straight line passes near the
centre, where nothing looks like noise: half way its length falls from 128 to 90 for a latent of 16,384 numbers, and the
picture washes out. Spherical interpolation: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.sample import AnyNoise, Noise, SlerpNoise, SplineNoise

NEARLY = 1e-4  # if the cosine is closer than this to 1 or −1, the direction of the arc is lost in rounding
FIXED_SEED = 0x51E2B

# The noise [B, C, h, w] of a batch: of sampler step i, or for None the noise that a run starts from.
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


def slerp(start: Tensor, end: Tensor, weight: float) -> Tensor:
    """From `start` (weight 0, bit for bit) to `end` (weight 1) along the shortest arc.

    The length is interpolated linearly. Both are the noise of one picture, of any shape. Opposite ends have no shortest
    arc: the way leads through one fixed direction. Raises `ValueError` for different shapes or dtypes.
    """
    if start.shape != end.shape or start.dtype != end.dtype:
        raise ValueError(
            f"noise of different kinds: {tuple(start.shape)} {start.dtype}, {tuple(end.shape)} {end.dtype}"
        )
    if weight in (0, 1):
        return (end if weight else start).clone()
    one, two = start.double().flatten(), end.double().flatten()
    lengths = length_of(one), length_of(two)
    if 0.0 in lengths:
        return torch.lerp(one, two, weight).view_as(start).to(start.dtype)
    length = (1 - weight) * lengths[0] + weight * lengths[1]
    return (direction(one / lengths[0], two / lengths[1], weight) * length).view_as(start).to(start.dtype)


def direction(one: Tensor, two: Tensor, weight: float) -> Tensor:
    """The unit vector between the unit vectors `one` and `two`, float64 [n]."""
    cosine = min(max(float(one @ two), -1.0), 1.0)
    if cosine > 1 - NEARLY:
        between = torch.lerp(one, two, weight)
        return between / length_of(between)
    if cosine < -1 + NEARLY:
        across = fixed_across(one)
        return math.cos(math.pi * weight) * one + math.sin(math.pi * weight) * across
    angle = math.acos(cosine)
    return (math.sin((1 - weight) * angle) * one + math.sin(weight * angle) * two) / math.sin(angle)


def fixed_across(one: Tensor) -> Tensor:
    """A unit vector at right angles to `one`, always the same."""
    any_other = torch.randn(one.shape, generator=torch.Generator().manual_seed(FIXED_SEED), dtype=torch.float64)
    across = any_other - (any_other @ one) * one
    return across / length_of(across)


def length_of(vector: Tensor) -> float:
    flat = vector.flatten()
    return math.sqrt(float(flat @ flat))


def catmull_rom(through: Sequence[Tensor], weight: float) -> Tensor:
    """From the second (weight 0, bit for bit) to the third of four noises along the Catmull–Rom curve through all four.

    The length is interpolated linearly between the two (Catmull & Rom 1974, the uniform kind).
    """
    if weight in (0, 1):
        return through[2 if weight else 1].clone()
    before, start, end, after = (each.double() for each in through)
    w = weight
    curve = 0.5 * (
        2 * start
        + (end - before) * w
        + (2 * before - 5 * start + 4 * end - after) * w**2
        + (3 * start - before - 3 * end + after) * w**3
    )
    length = (1 - w) * length_of(start) + w * length_of(end)
    return (curve * (length / length_of(curve))).to(through[1].dtype)


def circle(first: Tensor, second: Tensor, turn: float) -> Tensor:
    """cos·`first` + sin·`second` after `turn` 0..1 of a full turn; `second` is scaled to the length of `first`."""
    if turn == 0:
        return first.clone()
    one, two = first.double(), second.double()
    angle = 2 * math.pi * turn
    return (math.cos(angle) * one + math.sin(angle) * two * (length_of(one) / length_of(two))).to(first.dtype)
