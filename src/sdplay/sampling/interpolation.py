"""Interpolation between noises that stays noise: directions along arcs and curves, lengths in between.

A straight line passes near the centre, where nothing looks like noise: half way its length falls from 128 to 90 for a
latent of 16,384 numbers, and the picture washes out. Spherical interpolation: Shoemake, "Animating rotation
with quaternion curves", SIGGRAPH 1985.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

NEARLY = 1e-4  # if the cosine is closer than this to 1 or −1, the direction of the arc is lost in rounding
FIXED_SEED = 0x51E2B


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
