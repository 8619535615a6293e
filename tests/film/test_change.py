"""How much pictures change to the eye."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.film.change import FLOOR, change_seen
from sdplay.images.read import Pixels


def grey(level: int) -> Pixels:
    return np.full((80, 96, 3), level, np.uint8)


def test_shares_are_those_of_the_differences() -> None:
    seen = change_seen([grey(0), grey(30), grey(40), grey(120)])
    floor = FLOOR * 40  # of the mean of 30, 10 and 80
    assert seen == pytest.approx([0, (30 + floor) / 126, (40 + 2 * floor) / 126, 1])


def test_where_nothing_changes_time_goes_on_evenly() -> None:
    assert change_seen([grey(7)] * 5) == (0.0, 0.25, 0.5, 0.75, 1.0)


@given(st.lists(st.integers(0, 255), min_size=2, max_size=20))
def test_shares_rise_from_0_to_1(levels: list[int]) -> None:
    seen = change_seen(map(grey, levels))
    assert len(seen) == len(levels)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert all(before < after for before, after in pairwise(seen))
