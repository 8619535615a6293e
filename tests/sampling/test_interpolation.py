"""Ways between noises: exact ends, kept lengths, no kinks."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sdplay.sampling.noise import catmull_rom, circle, length_of, slerp


def noise(seed: int, size: int = 64) -> Tensor:
    return torch.randn(4, size // 4, generator=torch.Generator().manual_seed(seed))


def cosine(one: Tensor, other: Tensor) -> float:
    one, other = one.double().flatten(), other.double().flatten()
    return float(one @ other) / (length_of(one) * length_of(other))


seeds = st.integers(0, 2**31)
weights = st.floats(0, 1)


@given(seeds, seeds, st.floats(0.1, 10))
def test_the_ends_of_an_arc_are_the_noises_bit_for_bit(first: int, second: int, scale: float) -> None:
    one, two = noise(first), noise(second) * scale
    assert torch.equal(slerp(one, two, 0), one)
    assert torch.equal(slerp(one, two, 1), two)
    assert slerp(one, two, 0) is not one


@given(seeds, seeds, weights, st.floats(0.1, 10))
def test_the_length_goes_evenly_from_one_to_the_other(first: int, second: int, weight: float, scale: float) -> None:
    one, two = noise(first), noise(second) * scale
    expected = (1 - weight) * length_of(one.double()) + weight * length_of(two.double())
    assert length_of(slerp(one, two, weight).double()) == pytest.approx(expected, rel=1e-5)


@given(seeds, st.integers(1, 2**20), weights)
def test_the_angle_goes_evenly(first: int, apart: int, weight: float) -> None:
    one, two = noise(first), noise(first + apart)
    between = slerp(one, two, weight)
    whole = math.acos(cosine(one, two))
    assert math.acos(min(1.0, cosine(one, between))) == pytest.approx(weight * whole, abs=2e-3)
    assert math.acos(min(1.0, cosine(between, two))) == pytest.approx((1 - weight) * whole, abs=2e-3)


@given(seeds, weights)
def test_backwards_is_the_same_way(first: int, weight: float) -> None:
    one, two = noise(first), noise(first + 1)
    assert torch.allclose(slerp(one, two, weight), slerp(two, one, 1 - weight), atol=1e-6)


@given(seeds, st.floats(0.01, 0.99))
def test_opposite_noises_keep_their_length_on_a_way_that_is_always_the_same(seed: int, weight: float) -> None:
    one = noise(seed)
    between = slerp(one, -one, weight)
    assert length_of(between.double()) == pytest.approx(length_of(one.double()), rel=1e-5)
    assert math.acos(max(-1.0, min(1.0, cosine(one, between)))) == pytest.approx(math.pi * weight, abs=2e-3)
    assert torch.equal(between, slerp(one, -one, weight))


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-6, 3.0])
def test_noises_in_one_direction_are_joined_by_a_line(factor: float) -> None:
    one = noise(3)
    assert torch.allclose(slerp(one, one * factor, 0.25), one * (0.75 + 0.25 * factor), rtol=1e-5)


def test_on_either_side_of_nearly_equal_the_way_is_the_same() -> None:
    one, across = noise(3), noise(4)
    for angle in (0.0135, 0.0145):  # cosines on both sides of 1 - 1e-4
        two = one * math.cos(angle) + across * math.sin(angle)
        halves = slerp(one, two, 0.5)
        assert cosine(one, halves) == pytest.approx(cosine(halves, two), abs=1e-7)


@given(seeds, weights)
def test_from_nothing_the_way_is_a_line(seed: int, weight: float) -> None:
    one, nothing = noise(seed), torch.zeros(4, 16)
    assert torch.allclose(slerp(nothing, one, weight), one * weight, atol=1e-6)
    assert torch.allclose(slerp(one, nothing, weight), one * (1 - weight), atol=1e-6)
    assert torch.equal(slerp(nothing, nothing, weight), nothing)


@pytest.mark.parametrize("other", [torch.zeros(4, 8), torch.zeros(4, 16, dtype=torch.float64)])
def test_noises_of_different_kinds_are_refused(other: Tensor) -> None:
    with pytest.raises(ValueError, match="noise of different kinds"):
        slerp(noise(1), other, 0.5)


@given(seeds)
def test_a_bend_goes_through_its_middle_points(seed: int) -> None:
    points = [noise(seed + i) * (1 + i) for i in range(4)]
    assert torch.equal(catmull_rom(points, 0), points[1])
    assert torch.equal(catmull_rom(points, 1), points[2])
    assert torch.allclose(catmull_rom(points, 1e-9), points[1], atol=1e-5)
    assert torch.allclose(catmull_rom(points, 1 - 1e-9), points[2], atol=1e-5)


@given(seeds, weights)
def test_the_length_of_a_bend_goes_evenly(seed: int, weight: float) -> None:
    points = [noise(seed + i) * (1 + i) for i in range(4)]
    expected = (1 - weight) * length_of(points[1].double()) + weight * length_of(points[2].double())
    assert length_of(catmull_rom(points, weight).double()) == pytest.approx(expected, rel=1e-5)


def velocity(points: list[Tensor], weight: float, step: float) -> Tensor:
    return (catmull_rom(points, weight + step) - catmull_rom(points, weight)) / step


def kink(before: Tensor, after: Tensor) -> float:
    return length_of(before - after) / length_of(before)


@given(seeds)
def test_a_smooth_walk_has_no_kink_at_its_keys_where_an_arc_has(seed: int) -> None:
    points = [noise(seed + i).double() for i in range(5)]
    points = [point / length_of(point) for point in points]  # lengths that go evenly would have a kink of their own
    step = 1e-6
    arriving = -velocity(points[:4], 1, -step) * -1
    leaving = velocity(points[1:], 0, step)
    assert kink(arriving, leaving) < 1e-3
    corner_in = (points[2] - slerp(points[1], points[2], 1 - step)) / step
    corner_out = (slerp(points[2], points[3], step) - points[2]) / step
    assert kink(corner_in, corner_out) > 0.3


@given(seeds, weights)
def test_a_circle_is_closed_and_keeps_its_distance_where_the_noises_are_at_right_angles(seed: int, turn: float) -> None:
    one, other = noise(seed).double(), noise(seed + 1).double()
    other = (other - one * float((one * other).sum()) / length_of(one) ** 2) * 3
    around = circle(one, other, turn)
    assert length_of(around) == pytest.approx(length_of(one), rel=1e-9)
    assert torch.allclose(circle(one, other, turn + 1), around, atol=1e-9)
    assert torch.equal(circle(one, other, 0), one)
    assert cosine(circle(one, other, 0.25), other) == pytest.approx(1)
    here = cosine(around, circle(one, other, turn + 0.01))
    assert here == pytest.approx(math.cos(2 * math.pi * 0.01), abs=1e-9)  # the same speed everywhere
