"""An audit chooses without the workers, names who lies, and leaves open what two alone cannot settle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdplay.executors.audit import Audit, Opinion, is_audited, judge, piece_digest

JOB = "0123456789abcdef"


def said(*opinions: str) -> list[Opinion]:
    """ "a1" is what worker a said: 1."""
    return [Opinion(each[0], each[1:]) for each in opinions]


def test_the_share_is_about_what_was_asked_and_a_larger_one_holds_a_smaller() -> None:
    chosen = {share: {piece for piece in range(10_000) if is_audited(JOB, piece, share)} for share in (0.0, 0.05, 0.2)}
    assert chosen[0.0] == set()
    assert 420 < len(chosen[0.05]) < 580
    assert chosen[0.05] < chosen[0.2]
    assert all(is_audited(JOB, piece, 1.0) for piece in range(100))
    assert {piece for piece in range(10_000) if is_audited("another job", piece, 0.05)} != chosen[0.05]


def test_a_digest_is_of_names_and_what_they_hold_in_any_order() -> None:
    assert piece_digest({"a": "1", "b": "2"}) == piece_digest({"b": "2", "a": "1"})
    assert len({piece_digest({"a": "1"}), piece_digest({"a": "2"}), piece_digest({"b": "1"}), piece_digest({})}) == 4


def test_the_odd_one_of_three_is_wrong() -> None:
    verdict = judge(said("a1", "b2", "c1"))
    assert (verdict.digest, verdict.wrong, verdict.disputed) == ("1", frozenset("b"), False)


def test_two_that_differ_leave_it_open() -> None:
    verdict = judge(said("a1", "b2"))
    assert (verdict.digest, verdict.wrong, verdict.disputed) == ("", frozenset(), True)
    assert judge(said("a1", "b1")).digest == "1"


def test_who_says_two_things_of_one_piece_is_wrong() -> None:
    verdict = judge(said("a1", "a2", "b2"))
    assert (verdict.digest, verdict.wrong, verdict.disputed) == ("2", frozenset("a"), False)
    assert judge(said("a1", "a2")).disputed


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("12")), max_size=8))
def test_a_verdict_does_not_depend_on_who_came_first(opinions: list[tuple[str, str]]) -> None:
    found = [Opinion(worker, digest) for worker, digest in opinions]
    assert judge(found) == judge(reversed(found))
    verdict = judge(found)
    assert not (verdict.disputed and verdict.digest)
    honest = {each.worker for each in found if each.digest == verdict.digest} - verdict.wrong
    assert bool(honest) == bool(verdict.digest)


def test_a_liar_gets_no_more_and_what_it_drew_is_drawn_again() -> None:
    audit = Audit(JOB, 1.0)
    for piece in (0, 1):
        audit.add(piece, Opinion("liar", "x"))
    audit.add(2, Opinion("b", "2"))
    assert audit.wants(0, "b")
    assert not audit.wants(0, "liar")
    assert audit.add(0, Opinion("b", "0")).disputed
    assert audit.wants(0, "c")
    assert audit.banned == set()
    audit.add(0, Opinion("c", "0"))
    assert audit.banned == {"liar"}
    assert sorted(audit.spoiled()) == [0, 1]
    assert not audit.wants(2, "liar")
    audit.forget(1)
    assert sorted(audit.spoiled()) == [0]


def test_what_was_drawn_twice_alike_is_settled() -> None:
    audit = Audit(JOB, 1.0)
    audit.add(0, Opinion("a", "1"))
    assert audit.is_open(0)
    audit.add(0, Opinion("b", "1"))
    assert not audit.is_open(0)
    assert not audit.wants(0, "c")
    assert not audit.wants(7, "c")  # nobody drew it yet
