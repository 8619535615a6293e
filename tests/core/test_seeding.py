"""Seeds in closed form against the rules they come from, applied step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.core.seeding import SEEDS, derived_seed, frame_seed, reroll_seed

seeds = st.integers(0, SEEDS - 1)
ordinals = st.integers(0, 200)


def stepped(rule: str, seed: int, ordinal: int, every: int = 1) -> int:
    """Deforum's way: each seed from the one before."""
    for n in range(1, ordinal + 1):
        if rule == "iter" and n % every == 0:
            seed += 1
        if rule == "ladder":
            seed += 2 if n % 2 else -1
        if rule == "alternate":
            seed += 1 if n % 2 else -1
    return seed % SEEDS


@given(st.sampled_from(["fixed", "iter", "ladder", "alternate"]), seeds, ordinals, st.integers(1, 9))
def test_the_closed_form_is_the_rule_step_by_step(rule: str, seed: int, ordinal: int, every: int):
    assert frame_seed(rule, seed, ordinal, every=every) == stepped(rule, seed, ordinal, every)


@given(st.sampled_from(["fixed", "iter", "ladder", "alternate", "random"]), seeds, ordinals)
def test_a_seed_is_always_one_that_can_be_asked_for(rule: str, seed: int, ordinal: int):
    assert 0 <= frame_seed(rule, seed, ordinal) < SEEDS
    assert frame_seed(rule, seed, 0) == seed


def test_the_first_seeds_of_each_rule():
    rules = {
        "fixed": [10, 10, 10, 10, 10],
        "iter": [10, 11, 12, 13, 14],
        "alternate": [10, 11, 10, 11, 10],
        "ladder": [10, 12, 11, 13, 12],
    }
    for rule, expected in rules.items():
        assert [frame_seed(rule, 10, n) for n in range(5)] == expected
    assert [frame_seed("iter", 10, n, every=3) for n in range(7)] == [10, 10, 10, 11, 11, 11, 12]
    assert frame_seed("iter", SEEDS - 1, 1) == 0


def test_random_seeds_are_the_hash_of_seed_and_place():
    # sha256("42:1"), its first eight bytes modulo 2**63, as sha256sum gives them
    assert frame_seed("random", 42, 1) == 0x03DDF851127D6CFE % SEEDS
    assert len({frame_seed("random", seed, n) for seed in range(20) for n in range(1, 50)}) == 20 * 49


def test_a_schedule_gives_its_own_seeds_and_minus_one_draws():
    assert frame_seed("schedule", 10, 3, scheduled=77) == 77
    assert frame_seed("schedule", 10, 3, scheduled=0) == 0
    assert frame_seed("schedule", 10, 3, scheduled=-1) == frame_seed("random", 10, 3)
    for scheduled in (None, -2):
        with pytest.raises(BadRequest) as refused:
            frame_seed("schedule", 10, 3, scheduled=scheduled)
        assert refused.value.field == "seed_schedule"


@given(seeds, st.integers(1, 5))
def test_rerolls_and_noise_have_seeds_of_their_own(seed: int, attempt: int):
    others = {reroll_seed(seed, attempt), reroll_seed(seed, attempt + 1), derived_seed(seed, "noise"), seed}
    assert len(others) == 4
    assert reroll_seed(seed, attempt) == reroll_seed(seed, attempt)
