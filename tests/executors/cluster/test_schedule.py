"""Every unit is drawn and counts once, whatever becomes of workers; nobody has more than two; none it must not have."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.executors.cluster.schedule import ATTEMPTS, Schedule


def handed_out(schedule: Schedule) -> dict[int, str]:
    return dict(schedule.assign())


def test_each_gets_one_before_anybody_gets_two() -> None:
    schedule = Schedule()
    for name in "abc":
        schedule.join(name)
    for number in range(7):
        schedule.add(number)
    assert handed_out(schedule) == {0: "a", 1: "b", 2: "c", 3: "a", 4: "b", 5: "c"}
    assert schedule.done(4, "b")
    assert handed_out(schedule) == {6: "b"}


def test_urgent_units_come_first_and_a_lost_one_before_those_that_were_added_later() -> None:
    schedule = Schedule(ahead=1)
    schedule.join("a")
    for number in range(3):
        schedule.add(number)
    assert handed_out(schedule) == {0: "a"}
    schedule.add(7, urgent=True)
    assert schedule.lost(0, "a")
    assert [next(iter(handed_out(schedule))), schedule.done(7, "a"), next(iter(handed_out(schedule)))] == [7, True, 0]


def test_a_unit_that_is_lost_again_and_again_is_given_up() -> None:
    schedule = Schedule()
    schedule.add(0)
    for attempt in range(ATTEMPTS):
        schedule.join(f"worker {attempt}")
        assert handed_out(schedule) == {0: f"worker {attempt}"}
        assert schedule.leave(f"worker {attempt}") == ([0] if attempt == ATTEMPTS - 1 else [])
    assert schedule.is_idle


def test_what_comes_too_late_does_not_count() -> None:
    schedule = Schedule()
    schedule.join("a")
    schedule.add(0)
    handed_out(schedule)
    schedule.leave("a")
    schedule.join("b")
    assert handed_out(schedule) == {0: "b"}
    assert not schedule.done(0, "a")
    assert schedule.done(0, "b")
    assert not schedule.done(0, "b")


def test_a_unit_waits_for_a_worker_that_may_have_it_and_holds_nobody_up() -> None:
    schedule = Schedule()
    schedule.join("a")
    schedule.add(0, frozenset("a"))
    schedule.add(1)
    assert handed_out(schedule) == {1: "a"}
    assert not schedule.is_stuck
    assert schedule.done(1, "a")
    assert schedule.is_stuck
    schedule.join("b")
    assert handed_out(schedule) == {0: "b"}


@given(seed=st.integers(0, 2**32), units=st.integers(0, 40), ahead=st.integers(1, 3))
def test_whatever_happens_each_unit_is_done_once_or_given_up(seed: int, units: int, ahead: int) -> None:
    chance = random.Random(seed)
    schedule, clock = Schedule(ahead=ahead), 0
    names = [f"worker {number}" for number in range(6)]
    avoided = {number: frozenset(chance.sample(names[1:], chance.randrange(3))) for number in range(units)}
    at: dict[str, list[int]] = {}
    done: list[int] = []
    given_up: list[int] = []
    losses: dict[int, int] = {}
    added = 0
    while len(done) + len(given_up) < units:
        clock += 1
        what = chance.random()
        if added < units and what < 0.3:
            schedule.add(added, avoided[added], urgent=chance.random() < 0.2)
            added += 1
        elif what < 0.5 or not at:
            name = names[0] if clock > 400 else chance.choice(names)
            schedule.join(name)
            at.setdefault(name, [])
        elif what < 0.6 and clock < 400:
            name = chance.choice(list(at))
            for number in at.pop(name):
                losses[number] = losses.get(number, 0) + 1
            given_up += schedule.leave(name)
        else:
            name = chance.choice(list(at))
            if at[name]:
                number = at[name].pop(chance.randrange(len(at[name])))
                if chance.random() < 0.2 and clock < 400:
                    losses[number] = losses.get(number, 0) + 1
                    given_up += [] if schedule.lost(number, name) else [number]
                else:
                    assert schedule.done(number, name)
                    done.append(number)
        for number, name in schedule.assign():
            assert name in at
            assert name not in avoided[number]
            at[name].append(number)
            assert len(at[name]) <= ahead
        drawn = [number for held in at.values() for number in held]
        assert len(drawn) == len(set(drawn))
        assert not set(drawn) & {*done, *given_up}
    assert sorted(done + given_up) == list(range(units))
    assert all(losses[number] == ATTEMPTS for number in given_up)
    assert schedule.is_idle


@pytest.mark.parametrize("at_work", [False, True])
def test_a_unit_that_nobody_waits_for_is_forgotten(at_work: bool) -> None:
    schedule = Schedule()
    schedule.add(0)
    if at_work:
        schedule.join("a")
        handed_out(schedule)
    assert schedule.drop(0) == ("a" if at_work else "")
    schedule.join("a")
    assert handed_out(schedule) == {}
    assert schedule.is_idle
