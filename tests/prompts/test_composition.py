"""Texts that change on the way: A1111's notation, step by step."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.prompts.composition import Part, PromptSchedule, check_notation, composed, scheduled
from tests.support.refusals import no_runaway, refused_at_once


def stretches(text: str, steps: int = 10) -> list[tuple[int, str]]:
    """(last step, text) of each stretch."""
    words = scheduled(text)
    found: list[tuple[int, str]] = []
    for step in range(steps):
        now = words.at(step, steps)
        if found and found[-1][1] == now:
            found.pop()
        found.append((step + 1, now))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [b:3]", [(3, "a "), (10, "a b")]),
        ("a [b: 3 ]", [(3, "a "), (10, "a b")]),
        ("[a:b:0.25]", [(2, "a"), (10, "b")]),
        ("[a::4] c", [(4, "a c"), (10, " c")]),
        ("[:a:4]c", [(4, "c"), (10, "ac")]),
        ("x[a:[b:c:6]:2]y", [(2, "xay"), (6, "xby"), (10, "xcy")]),
        ("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
        ("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
        ("[a:b:0]", [(10, "b")]),
        ("[a:b:1.0]", [(10, "a")]),
        ("[a:b:99]", [(10, "a")]),
        ("[a:b:-1]", [(10, "b")]),
        ("a [unbalanced", [(10, "a [unbalanced")]),
        ("un]balanced: a|b", [(10, "un]balanced: a|b")]),
        ("[a:b:c:3]", [(10, "[a:b:c:3]")]),
        ("[a:b]", [(10, "[a:b]")]),
        ("[a]", [(10, "[a]")]),
        (r"\[a:3\]", [(10, r"\[a:3\]")]),
        ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ],
)
def test_changes(text: str, expected: list[tuple[int, str]]) -> None:
    assert stretches(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a|b]", ["a", "b", "a", "b", "a"]),
        ("[a|(b:1.1)]", ["a", "(b:1.1)", "a", "(b:1.1)", "a"]),
        ("[fe|]male", ["female", "male", "female", "male", "female"]),
        ("[fe|||]male", ["female", "male", "male", "male", "female"]),
        ("[a|b|c]", ["a", "b", "c", "a", "b"]),
        ("[a|[b|c]]", ["a", "c", "a", "c", "a"]),
        ("[[a|b]:c:3]", ["a", "b", "a", "c", "c"]),
        ("(a|b)", ["(a|b)"] * 5),
    ],
)
def test_turns(text: str, expected: list[str]) -> None:
    words = scheduled(text)
    assert [words.at(step, 5) for step in range(5)] == expected


@given(st.text(alphabet="ab()[\\.1 ", max_size=80))
def test_text_that_schedules_nothing_is_unchanged(text: str) -> None:
    words = scheduled(text)
    assert words.steady
    assert words.at(0, 20) == text


@given(st.text(alphabet="ab()[]:|\\.12 ", max_size=60), st.integers(1, 30))
def test_any_text_is_some_text_at_every_step(text: str, steps: int) -> None:
    words = scheduled(text)
    texts = [words.at(step, steps) for step in range(steps)]
    assert all(len(each) <= len(text) for each in texts)
    assert not words.steady or set(texts) == {text}


def test_and_divides_and_weighs() -> None:
    assert composed("a cat") == (Part(PromptSchedule(("a cat",))),)
    assert composed("a cat AND a dog :0.7 AND a (b:2)") == (
        Part(PromptSchedule(("a cat",))),
        Part(PromptSchedule(("a dog",)), 0.7),
        Part(PromptSchedule(("a (b:2)",))),
    )
    assert composed("sand AND a:-1.5")[1].weight == -1.5
    assert len(composed("SAND ANDY and hand")) == 1
    assert composed("ratio: 2") == (Part(PromptSchedule(("ratio: 2",))),)  # without AND nothing is weighed
    assert [part.words.steady for part in composed("[a:b:3] AND c")] == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a:" * 10_000, "nested more than 64 deep"),
        ("[a|" * 10_000 + "b" + "]" * 10_000, "nested more than 64 deep|characters"),
        ("a AND " * 5_000, "AND, and 16 is the most"),
        ("a AND b:1000", "weight of a part"),
        ("a AND b:" + "9" * 400, "weight of a part"),
        ("x" * 1_000_000, "1,000,000 characters"),
        ("[a:(b:999):3]", "a weight in it"),
    ],
)
def test_hostile_text_is_refused_at_once_with_a_reason(text: str, said: str) -> None:
    refused = refused_at_once(lambda: check_notation(text, ""))
    assert re.search(said, str(refused))
    assert refused.field == "prompt"
    with pytest.raises(BadRequest) as caught:
        check_notation("a", "(" * 10_000)
    assert caught.value.field == "negative_prompt"


@pytest.mark.parametrize("text", ["[a|b]" * 6_000, "[a:b:" * 60 + "c:3]" * 60, "[a:0.5]" * 4_500, "|:" * 16_000])
def test_long_text_takes_time_in_its_length(text: str) -> None:
    with no_runaway():
        words = scheduled(text)
        for step in range(20):
            words.at(step, 20)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("[a:b:0.5]", "aabb", "bbbbbb"),
        ("[a:b:1.5]", "aaaa", "aaabbb"),
        ("[a:b:6]", "aaaa", "aabbbb"),
        ("[a:b:2]", "aabb", "bbbbbb"),
        ("[a:b:9.0]", "aaaa", "aaaaaa"),
        ("[a|b]", "abab", "ababab"),
    ],
)
def test_a_second_pass_goes_on_counting(text: str, first: str, second: str) -> None:
    read = scheduled(text)
    assert "".join(read.at(step, 4) for step in range(4)) == first
    assert "".join(read.at(step, 6, gone=4) for step in range(6)) == second
