"""Weights by brackets: A1111's own examples, what is plain stays plain, and what is written out is read back."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.prompts.attention import Fragment, Section, weighted
from tests.support.refusals import no_runaway, refused_at_once

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="()[]\\\0"), max_size=80).filter(
    lambda text: not re.search(r"\bBREAK\b", text)
)
WEIGHTS = st.integers(-300, 300).map(lambda hundredths: hundredths / 100)


def pairs(text: str) -> list[tuple[str, float]]:
    (section,) = weighted(text)
    return [(fragment.text, pytest.approx(fragment.weight)) for fragment in section]


def written(sections: tuple[Section, ...]) -> str:
    """The notation of `sections`, every weight as a number."""

    def spelled(one: Fragment) -> str:
        text = re.sub(r"([()\[\]\\])", r"\\\1", one.text)
        return text if one.weight == 1 else f"({text}:{Decimal(repr(one.weight)):f})"

    return " BREAK ".join("".join(map(spelled, section)) for section in sections)


def test_the_example_of_the_field() -> None:
    assert pairs("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).") == [
        ("a ", 1.0),
        ("house", 1.573),
        (" ", 1.1),
        ("on", 1.0),
        (" a ", 1.1),
        ("hill", 0.55),
        (", sun, ", 1.1),
        ("sky", 1.4641),
        (".", 1.1),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("normal text", [("normal text", 1.0)]),
        ("an (important) word", [("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
        ("((x))", [("x", 1.21)]),
        ("[x]", [("x", 1 / 1.1)]),
        ("[[x]]", [("x", 1 / 1.21)]),
        ("(x:1.3)", [("x", 1.3)]),
        ("(x: 1.3 )", [("x", 1.3)]),
        ("(x:.5)", [("x", 0.5)]),
        ("(x:-1)", [("x", -1.0)]),
        ("(x:0)", [("x", 0.0)]),
        ("((x:2) y:3)", [("x", 6.0), (" y", 3.0)]),
        ("(unbalanced", [("unbalanced", 1.1)]),
        ("[unbalanced", [("unbalanced", 1 / 1.1)]),
        ("un) balanced] x:1.2)", [("un) balanced] x:1.2)", 1.0)]),
        (r"\(literal\] \[ \\", [(r"(literal] [ \ "[:-1], 1.0)]),
        (r"(\(deep\):1.5)", [("(deep)", 1.5)]),
        (r"a\b", [("ab", 1.0)]),
        (r"hatsune\_miku :3", [("hatsune_miku :3", 1.0)]),
        (r"(\:D:1.2)", [(":D", 1.2)]),
        ("a\\", [("a", 1.0)]),
        ("[x:1.3]", [("x:1.3", 1 / 1.1)]),  # a weight is for round brackets alone
        ("(x:1.2.3)", [("x:1.2.3", 1.1)]),
        ("(x:1e3)", [("x:1e3", 1.1)]),
        ("(a [b) c]", [("a ", 1.1), ("b", 1.0), (" c", 1 / 1.1)]),  # each kind closes its own
        ("", []),
        ("()", []),
    ],
)
def test_brackets(text: str, expected: list[tuple[str, float]]) -> None:
    assert pairs(text) == expected


def test_break_divides_wherever_it_stands_and_only_as_a_word() -> None:
    texts = [[fragment.text for fragment in section] for section in weighted("a BREAK (b BREAK c) BREAKER break")]
    assert texts == [["a "], [" ", "b "], [" c", " BREAKER break"]]
    assert [fragment.weight for section in weighted("(a BREAK b:2)") for fragment in section] == [2.0, 2.0]
    assert weighted("BREAK") == ((), ())


@given(PLAIN)
def test_plain_text_is_unchanged(text: str) -> None:
    assert weighted(text) == ((Fragment(text),) if text else (),)


@given(PLAIN.filter(bool), WEIGHTS, WEIGHTS)
def test_weights_multiply(text: str, one: float, other: float) -> None:
    text = text.replace(":", "")
    (section,) = weighted(f"(({text}:{one}):{other})")
    assert [fragment.text for fragment in section] == ([text] if text else [])
    assert all(fragment.weight == pytest.approx(one * other) for fragment in section)


@given(st.text(alphabet="ab ()[]:\\.123|BREAK", max_size=60))
def test_what_is_written_out_is_read_back(text: str) -> None:
    try:
        read = weighted(text)
    except BadRequest:
        return  # a weight of more than 100
    again = weighted(written(read))
    assert [[f.text for f in section] for section in stripped(again)] == [
        [f.text for f in section] for section in stripped(read)
    ]
    weights = [[f.weight for f in section] for section in stripped(read)]
    assert [[f.weight for f in section] for section in stripped(again)] == [pytest.approx(each) for each in weights]


def stripped(sections: tuple[Section, ...]) -> list[list[Fragment]]:
    """Without blanks, which mean nothing beside a `BREAK`, and with neighbours of one weight together."""
    found: list[list[Fragment]] = []
    for section in sections:
        kept: list[Fragment] = []
        for fragment in section:
            text = "".join(fragment.text.split())
            if text and kept and kept[-1].weight == pytest.approx(fragment.weight):
                kept[-1] = Fragment(kept[-1].text + text, fragment.weight)
            elif text:
                kept.append(Fragment(text, fragment.weight))
        found.append(kept)
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 10_000, "nested more than 64 deep"),
        ("[" * 10_000, "nested more than 64 deep"),
        ("(" * 10_000 + "x" + ")" * 10_000, "nested more than 64 deep"),
        ("a" * 1_000_000, "1,000,000 characters"),
        ("(x:101)", "a weight in it comes to 101"),
        ("(x:-101)", "a weight in it comes to -101"),
        (f"a ((x:0):{'9' * 400})", "a weight in it comes to nan"),
        ("(" * 60 + "x:9)" * 60, "a weight in it comes to"),
        (f"(x:{'9' * 400})", "a weight in it comes to inf"),
    ],
)
def test_hostile_text_is_refused_at_once_with_a_reason(text: str, said: str) -> None:
    refused = refused_at_once(lambda: weighted(text, "negative_prompt"))
    assert re.search(said, str(refused))
    assert (refused.field, refused.value) == ("negative_prompt", text)
    assert refused.hint


@pytest.mark.parametrize(
    "text", [":" * 32_000, ": " * 16_000, "(x:" + "1" * 31_000, "\\" * 32_000, " " * 32_000, "(a)" * 10_000]
)
def test_long_text_takes_time_in_its_length(text: str) -> None:
    with no_runaway():
        weighted(text)
