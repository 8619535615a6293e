"""No wrong result of a unit that is checked ever counts, and whoever drew one is found out."""

from __future__ import annotations

import random
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from sdplay.executors.audit import Opinion
from sdplay.executors.cluster.checks import Again, Ban, Checks, Deliver


def said(checks: Checks[str], number: int, worker: str, digest: str) -> list[object]:
    return list(checks.hear(number, Opinion(worker, digest), f"{digest} by {worker}"))


def test_two_that_agree_are_believed() -> None:
    checks = Checks[str](1.0)
    assert said(checks, 0, "a", "x") == [Again(0, frozenset("a"))]
    assert said(checks, 0, "b", "x") == [Deliver(0, "a", "x by a")]


def test_of_two_that_differ_a_third_decides() -> None:
    checks = Checks[str](1.0)
    said(checks, 0, "liar", "y")
    assert said(checks, 0, "a", "x") == [Again(0, frozenset({"liar", "a"}))]
    assert said(checks, 0, "b", "x") == [Ban("liar"), Deliver(0, "a", "x by a")]
    assert said(checks, 1, "liar", "x") == [Again(1, frozenset({"liar"}))]


def test_what_a_liar_said_of_other_units_is_forgotten() -> None:
    checks = Checks[str](1.0)
    said(checks, 1, "liar", "p")
    said(checks, 0, "liar", "y")
    said(checks, 0, "a", "x")
    assert said(checks, 0, "b", "x")[-1] == Again(1, frozenset({"liar"}))
    assert said(checks, 1, "a", "q") == [Again(1, frozenset({"a", "liar"}))]
    assert said(checks, 1, "b", "q") == [Deliver(1, "a", "q by a")]


def test_what_is_not_checked_counts_at_once() -> None:
    checks = Checks[str](0.0)
    assert list(checks.hear(0, Opinion("a", "x"), "x by a", checked=False)) == [Deliver(0, "a", "x by a")]


@given(seed=st.integers(0, 2**32), units=st.integers(1, 12), honest=st.integers(2, 5), liars=st.integers(0, 1))
def test_only_what_is_right_counts_and_only_liars_are_banned(seed: int, units: int, honest: int, liars: int) -> None:
    chance, checks = random.Random(seed), Checks[str](1.0)
    names = [f"honest {number}" for number in range(honest + 1)] + [f"liar {number}" for number in range(liars)]
    waiting = deque((number, frozenset[str]()) for number in range(units))
    delivered: list[int] = []
    while waiting:
        number, avoid = waiting.popleft()
        free = [name for name in names if name not in avoid | checks.banned]
        worker = chance.choice(free)
        lies = worker.startswith("liar") and chance.random() < 0.7
        for decision in checks.hear(number, Opinion(worker, f"{number} {worker if lies else ''}"), worker):
            if isinstance(decision, Again):
                if decision.number not in [each for each, _ in waiting]:
                    waiting.append((decision.number, decision.avoid))
            elif isinstance(decision, Ban):
                assert decision.worker.startswith("liar")
            else:
                delivered.append(decision.number)
                assert decision.result == decision.worker
    assert sorted(delivered) == list(range(units))
