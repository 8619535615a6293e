"""Noise: published vectors, moments, and independence of everything but (seed, step)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.fields import LARGEST_SEED
from sdplay.core.sample import Noise
from sdplay.sampling.noise import batch_noise, philox, philox_normal, seed_noise

SHAPE = (4, 16, 16)

# philox4x32-10 from the known-answer file of Random123 (kat_vectors): counter, key, result.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter: str, key: str, answer: str) -> None:
    low, high = words(key)
    columns = np.array(words(counter), np.uint64)[:, None]
    assert philox(columns, low | high << 32)[:, 0].tolist() == words(answer)


def test_philox_treats_every_column_alone() -> None:
    counters = np.array([words(counter) for counter, _, _ in KNOWN_ANSWERS], np.uint64).T
    together = philox(counters, 12345)
    for column in range(counters.shape[1]):
        assert (philox(counters[:, column : column + 1], 12345)[:, 0] == together[:, column]).all()


def test_the_start_is_what_cuda_draws() -> None:
    """torch.manual_seed(0); torch.randn(6, device="cuda"), as printed on an NVIDIA GPU."""
    published = [-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797]
    assert philox_normal(0, 6, 0).round(4).tolist() == pytest.approx(published, abs=1e-6)


def test_the_start_does_not_drift() -> None:
    """Bits that are in people's files: a change needs a new `Numerics.revision`."""
    drawn = seed_noise(Noise(seed=1234), SHAPE)
    assert drawn.dtype == torch.float32
    assert drawn.shape == SHAPE
    bits = drawn.flatten()[[0, 1, 500, 1023]].numpy().view(np.uint32)
    assert [f"{word:08x}" for word in bits] == ["bfcee929", "3f118648", "3ead48f6", "4017b22b"]


def test_moments_are_those_of_unit_noise() -> None:
    count = 1 << 20
    drawn = philox_normal(99, count, 0).astype(np.float64)
    error = count**-0.5
    assert abs(drawn.mean()) < 5 * error
    assert abs((drawn**2).mean() - 1) < 5 * 2**0.5 * error
    assert abs((drawn**3).mean()) < 5 * 15**0.5 * error
    assert abs((drawn**4).mean() - 3) < 5 * 96**0.5 * error
    assert np.isfinite(drawn).all()
    inside = [(np.abs(drawn) < limit).mean() for limit in (1, 2, 3)]
    assert inside == pytest.approx([0.682689, 0.954500, 0.997300], abs=5 * 0.5 * error)


def test_pictures_and_steps_are_uncorrelated() -> None:
    shape = (4, 64, 64)
    drawn = {
        (seed, step): seed_noise(Noise(seed=seed), shape, step).flatten()
        for seed in (0, 1, 2, 2**32, LARGEST_SEED)
        for step in (None, 0, 1, 19)
    }
    limit = 5 * 16384**-0.5
    for one, other in itertools.combinations(drawn, 2):
        correlation = float((drawn[one] * drawn[other]).mean())
        assert abs(correlation) < limit, (one, other)


def test_noise_has_no_pattern_along_its_axes() -> None:
    drawn = seed_noise(Noise(seed=5), (4, 64, 64))
    for axis, shift in itertools.product(range(3), (1, 2)):
        assert abs(float((drawn * drawn.roll(shift, axis)).mean())) < 5 * 16384**-0.5


@given(seed=st.integers(0, LARGEST_SEED), step=st.none() | st.integers(0, 999))
def test_all_bits_of_the_seed_and_the_step_matter(seed: int, step: int | None) -> None:
    drawn = seed_noise(Noise(seed=seed), (1, 4, 4), step)
    assert torch.equal(drawn, seed_noise(Noise(seed=seed), (1, 4, 4), step))
    bit = seed % 63
    assert not torch.equal(drawn, seed_noise(Noise(seed=seed ^ (1 << bit)), (1, 4, 4), step))
    assert not torch.equal(drawn, seed_noise(Noise(seed=seed), (1, 4, 4), 0 if step is None else step + 1))


@pytest.mark.parametrize("source", ["philox", "torch"])
@pytest.mark.parametrize("step", [None, 0, 3])
def test_a_row_of_a_tile_does_not_know_its_company(source: str, step: int | None) -> None:
    noises = [Noise(seed=seed, source=source) for seed in (7, 8, 7, 0)]  # type: ignore[arg-type]
    tile = batch_noise(noises, SHAPE, step)
    assert tile.shape == (4, *SHAPE)
    for row, noise in zip(tile, noises, strict=True):
        assert torch.equal(row, seed_noise(noise, SHAPE, step))
    assert torch.equal(tile[0], tile[2])
    assert not torch.equal(tile[0], tile[1])


def test_nobody_elses_random_state_is_used_or_moved() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one = batch_noise([Noise(seed=1), Noise(seed=1, source="torch")], SHAPE)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert torch.equal(one, batch_noise([Noise(seed=1), Noise(seed=1, source="torch")], SHAPE))


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_source_torch_draws_what_a_diffusers_user_gets(seed: int) -> None:
    """The start first, then one draw a step, all from one CPU generator."""
    noise = Noise(seed=seed, source="torch")
    generator = torch.Generator("cpu").manual_seed(seed)
    for step in (None, 0, 1, 2):
        expected = torch.randn((1, *SHAPE), generator=generator)[0]
        assert torch.equal(seed_noise(noise, SHAPE, step), expected)
