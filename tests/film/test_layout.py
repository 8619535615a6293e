"""A pace that is even to the eye: the inverse of how much has been seen."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.film.layout import even_pace

changes = st.lists(st.floats(0.01, 10), min_size=1, max_size=40)


def shares(steps: list[float]) -> tuple[float, ...]:
    sums = list(accumulate(steps, initial=0.0))
    return (*(value / sums[-1] for value in sums[:-1]), 1.0)


@given(changes)
def test_the_ends_are_exact(steps: list[float]) -> None:
    assert even_pace(shares(steps), 0.0) == 0.0
    assert even_pace(shares(steps), 1.0) == 1.0


@given(changes, st.floats(0, 1))
def test_it_is_where_that_much_has_been_seen(steps: list[float], u: float) -> None:
    seen = shares(steps)
    place = even_pace(seen, u) * len(steps)
    before = min(int(place), len(steps) - 1)
    there = seen[before] + (place - before) * (seen[before + 1] - seen[before])
    assert there == pytest.approx(u, abs=1e-9)


@given(changes, st.floats(0, 1), st.floats(0, 1))
def test_it_never_goes_back(steps: list[float], one: float, other: float) -> None:
    first, second = sorted((one, other))
    assert 0 <= even_pace(shares(steps), first) <= even_pace(shares(steps), second) <= 1


@given(st.integers(1, 40), st.floats(0, 1))
def test_even_change_is_an_even_pace(parts: int, u: float) -> None:
    assert even_pace(shares([1.0] * parts), u) == pytest.approx(u, abs=1e-12)
