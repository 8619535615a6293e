"""Chunks of a text encoder's length: no token is lost, and each keeps its weight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdplay.families.common.tokenizer import split_into_chunks
from sdplay.prompts.attention import Fragment, weighted

COMMA = 99


def tokenize(text: str) -> list[int]:
    """A token for every word, its length; commas are tokens too."""
    return [COMMA if word == "," else len(word) for word in text.replace(",", " , ").split()]


def sizes(text: str, size: int = 75) -> list[int]:
    return [len(chunk.tokens) for chunk in split_into_chunks(weighted(text), tokenize, size)]


def test_a_short_text_is_one_chunk_and_an_empty_one_too() -> None:
    assert sizes("a red apple") == [3]
    assert sizes("") == [0]
    assert sizes("a " * 75) == [75]


def test_a_long_text_is_several() -> None:
    assert sizes("a " * 76) == [75, 1]
    assert sizes("a " * 300) == [75] * 4


def test_break_ends_a_chunk_even_an_empty_one() -> None:
    assert sizes("a b BREAK c") == [2, 1]
    assert sizes("BREAK c") == [0, 1]
    assert sizes("a BREAK") == [1]
    assert sizes("a BREAK BREAK b") == [1, 0, 1]


def test_a_chunk_ends_after_a_comma_that_is_near_its_end() -> None:
    assert sizes("a " * 60 + ", " + "b " * 30) == [61, 30]
    assert sizes("a " * 55 + ", " + "b " * 30) == [56, 30]
    assert sizes("a " * 54 + ", " + "b " * 30) == [75, 10]  # more than 20 tokens back
    assert sizes("a " * 74 + ", " + "b " * 30) == [75, 30]
    assert sizes("a " * 75 + ", " + "b " * 30) == [75, 31]


@given(st.text(alphabet="ab, ", max_size=400), st.integers(3, 75))
def test_no_token_is_lost_and_no_chunk_is_too_long(text: str, size: int) -> None:
    found = split_into_chunks(weighted(text), tokenize, size)
    assert [token for chunk in found for token in chunk.tokens] == tokenize(text)
    assert all(len(chunk.tokens) <= size for chunk in found)
    assert not any(chunk.weighted for chunk in found)


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0.5, 1.0, 1.3])), max_size=8), st.integers(3, 75))
def test_every_token_keeps_its_weight(stretches: list[tuple[int, float]], size: int) -> None:
    section = tuple(Fragment("a , " * count, weight) for count, weight in stretches)
    found = split_into_chunks([section], tokenize, size)
    expected = [weight for count, weight in stretches for _ in range(2 * count)]
    assert [weight for chunk in found for weight in chunk.weights] == expected
