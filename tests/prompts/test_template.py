"""Choices in prompts: made by the seed alone, fair, and never without end."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.prompts.styles import Style, styled
from sdplay.prompts.template import resolved, template, wildcard_names
from tests.support.refusals import no_runaway, refused_at_once

CARDS: dict[str, Sequence[str]] = {
    "color": ["red", "{dark|light} green"],
    "rare": ["9::often", "1::seldom"],
    "thing": ["a __color__ cat", "a dog"],
    "self": ["x __self__"],
    **{f"d{depth}": [f"__d{depth + 1}__ __d{depth + 1}__"] for depth in range(40)},
    "d40": ["z"],
}


def outcomes(text: str, seeds: int = 300) -> Counter[str]:
    return Counter(resolved(text, CARDS, seed) for seed in range(seeds))


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("{a|b} c", {"a c", "b c"}),
        ("{a|{b|c}}", {"a", "b", "c"}),
        ("{a|}", {"a", ""}),
        ("{2$$a|b|c}", {"a, b", "b, a", "a, c", "c, a", "b, c", "c, b"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("{1-2$$+$$a|b}", {"a", "b", "a+b", "b+a"}),
        ("{0-1$$a|b}", {"", "a", "b"}),
        ("__color__", {"red", "dark green", "light green"}),
        ("__thing__!", {"a red cat!", "a dark green cat!", "a light green cat!", "a dog!"}),
        ("{__color__|x}", {"red", "dark green", "light green", "x"}),
        ("{x} {prompt} {", {"{x} {prompt} {"}),
        ("{a|b", {"{a|b"}),
        ("a|b}", {"a|b}"}),
        (r"\{a|b\} \__color__", {"{a|b} __color__"}),
        ("snake_case __ (x:1.2) [a|b]", {"snake_case __ (x:1.2) [a|b]"}),
        ("{[a:b:3]|c}", {"[a:b:3]", "c"}),
        ("{0::a|b}", {"b"}),
    ],
)
def test_what_can_come_of_a_template(text: str, possible: set[str]) -> None:
    assert set(outcomes(text)) == possible


def test_choices_are_fair_and_shares_count() -> None:
    assert outcomes("{a|b}", 2000)["a"] == pytest.approx(1000, abs=120)
    assert outcomes("{3::a|b}", 2000)["a"] == pytest.approx(1500, abs=120)
    assert outcomes("__rare__", 2000)["seldom"] == pytest.approx(200, abs=60)


@given(st.integers(0, 2**63 - 1))
def test_a_choice_depends_on_the_seed_alone(seed: int) -> None:
    text = "{a|b|c} __thing__ {2$$d|e|f}"
    assert resolved(text, CARDS, seed) == resolved(text, CARDS, seed)


def test_choices_do_not_drift() -> None:
    """Pictures drawn so far were drawn from these words."""
    assert [resolved("{a|b|c} __thing__ {2$$d|e|f}", CARDS, seed) for seed in (0, 1, 2**63 - 1)] == PINNED
    assert resolved("{a|b|c|d|e|f|g|h}", {}, 7, "prompt") != resolved("{a|b|c|d|e|f|g|h}", {}, 7, "negative_prompt")


PINNED = ["a a dog f, d", "c a dog f, e", "a a dog d, f"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="{}_\\\0"), max_size=200))
def test_text_without_choices_is_unchanged(text: str) -> None:
    assert resolved(text, {}, 3) == text


def test_the_names_in_every_branch_are_found() -> None:
    assert set(wildcard_names(template("__a__ {b|__c/d-e__ {x|__f*__}}"))) == {"a", "c/d-e", "f*"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a|" * 10_000, "nested more than 64 deep"),
        ("{" * 10_000, "nested more than 64 deep"),
        ("__self__", "leads to itself"),
        ("__d0__", "more than 1,000 choices"),
        ("{a|b}" * 2_000, "more than 1,000 choices"),
        ("{3$$a|b}", "draws 3 to 3 of 2 options"),
        ("{2-1$$a|b}", "draws 2 to 1 of 2 options"),
        ("{200$$" + "|".join("a" * 300) + "}", "draws 200 options at once"),
        ("__nobody__", "there is no wildcard __nobody__"),
        ("a" * 1_000_000, "1,000,000 characters"),
    ],
)
def test_hostile_templates_are_refused_at_once_with_a_reason(text: str, said: str) -> None:
    refused = refused_at_once(lambda: resolved(text, CARDS, 0))
    assert re.search(said, str(refused))
    assert refused.field == "prompt"
    assert refused.hint


def test_long_results_are_refused() -> None:
    with pytest.raises(BadRequest, match="more than 32,000 characters come of its wildcards"):
        resolved("__long__" * 5, {"long": ["x" * 8_000]}, 0)


@pytest.mark.parametrize("text", ["_" * 32_000, "__a" * 10_000, "|" * 32_000, "}{" * 16_000, "{a" * 60 + "}" * 60])
def test_long_text_takes_time_in_its_length(text: str) -> None:
    with no_runaway(), contextlib.suppress(BadRequest):  # "__a__" is a wildcard, and there is none
        resolved(text, {}, 0)


def test_styles_surround_or_follow() -> None:
    known = {
        "photo": Style(prompt="photo of {prompt}, 35mm", negative_prompt="drawing"),
        "night": Style(prompt="at night", negative_prompt=""),
        "empty": Style(),
    }
    assert styled("a cat", "", ["photo", "night"], known) == ("photo of a cat, 35mm, at night", "drawing")
    assert styled("a cat ", "red", ["empty"], known) == ("a cat ", "red")
    assert styled("a cat", "red", ["photo"], known)[1] == "red, drawing"
    assert styled("a cat", "", [], known) == ("a cat", "")
    with pytest.raises(UnknownName, match="did you mean 'photo'"):
        styled("a cat", "", ["foto"], known)


COLORS = {"color": ("red", "blue", "3::green"), "art/old": ("oil",), "with space": ("x",)}


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("{2$$__color__}", {f"{a}, {b}" for a in ["red", "blue", "green"] for b in ["red", "blue", "green"] if a != b}),
        ("{3$$ and $$__color__}", {" and ".join(some) for some in itertools.permutations(("red", "blue", "green"))}),
        ("({__color__}:1.6)", {"(red:1.6)", "(blue:1.6)", "(green:1.6)"}),
        ("{2-$$a|b}", {"a, b", "b, a"}),
        ("{-2$$a|b}", {"a", "b", "a, b", "b, a"}),
        ("{~a|b}", {"a", "b"}),
        ("__~color__", {"red", "blue", "green"}),
        ("__with space__", {"x"}),
        ("{plain} {@}", {"{plain} {@}"}),
    ],
)
def test_what_the_notation_of_dynamic_prompts_means(text: str, possible: set[str]) -> None:
    assert {resolved(text, COLORS, seed) for seed in range(200)} == possible


def test_options_in_turn_follow_the_seed() -> None:
    assert [resolved("{@a|b|c}", {}, seed) for seed in range(4)] == ["a", "b", "c", "a"]
    assert [resolved("__@color__", COLORS, seed) for seed in range(4)] == ["red", "blue", "green", "red"]


def test_more_lines_than_a_wildcard_has_are_refused() -> None:
    with pytest.raises(BadRequest, match="draws 4 to 4 of 3 options"):
        resolved("{4$$__color__}", COLORS, 1)
