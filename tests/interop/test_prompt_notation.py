"""Weights of other programs in A1111's notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.interop.prompt_notation import as_a1111, without_choices
from sdplay.prompts.attention import weighted
from sdplay.prompts.template import resolved


def weights(text: str) -> list[tuple[str, float]]:
    """The words of `text` as our own reader weighs them."""
    return [(one.text.strip(" ,"), round(one.weight, 4)) for section in weighted(text) for one in section]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{tin}}", "(tin:1.1025)"),
        ("[[tin]] can", "(tin:0.907) can"),
        ("{a [b] c}", "(a:1.05) b (c:1.05)"),
        ("1.5::tin::", "(tin:1.5)"),
        ("2::a {b} c", "(a:2) (b:2.1) (c:2)"),
        ("1.2::x, 0.5::y", "(x,:1.2) (y:0.5)"),
        ("-1::rust ::, tin", "(rust:-1) , tin"),
        (".5::a::b", "(a:0.5)b"),
        ("fog, {rain", "fog, (rain:1.05)"),
        ("a (tin) robot", r"a \(tin\) robot"),
        (r"a \(tin\) robot", r"a \(tin\) robot"),
        ("a } b ] c", r"a } b \] c"),
        ("a plain prompt, 1:2 and 3.5", "a plain prompt, 1:2 and 3.5"),
    ],
)
def test_novelai(text: str, expected: str) -> None:
    assert as_a1111(text, "NovelAI") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (tin robot)++ by a lake", "a (tin robot:1.21) by a lake"),
        ("tin+, robot--", "(tin:1.1), (robot:0.81)"),
        ("(a cat)1.3 on a mat", "(a cat:1.3) on a mat"),
        ("(a cat) on a mat", "a cat on a mat"),
        ("(dog (red)1.5 x)1.2", "(dog:1.2) (red:1.8) (x:1.2)"),
        ("blue-green, twenty-one cats", "blue-green, twenty-one cats"),
        ("high-res++", "(high-res:1.21)"),
        ("a - b, c + d", "a - b, c + d"),
        (r"\(x\) [y]", r"\(x\) \[y\]"),
        ("(never closed", r"\(never closed"),
        ("a <badrust> b", "a badrust b"),
        ("withLora(rust,0.7) tin", "<lora:rust:0.7> tin"),
        ("a <lora:rust:0.7>", "a <lora:rust:0.7>"),
    ],
)
def test_invokeai(text: str, expected: str) -> None:
    assert as_a1111(text, "InvokeAI") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a:1.2) [b]", r"(a:1.2) \[b\]"),
        (r"x \(y\)", r"x \(y\)"),
        ("embedding:bad/badrust.pt, fog", "badrust, fog"),
        ("(embedding:badrust:1.2)", "(badrust:1.2)"),
    ],
)
def test_comfyui(text: str, expected: str) -> None:
    assert as_a1111(text, "ComfyUI") == expected


def test_swarmui_names_textual_inversions() -> None:
    assert as_a1111("fog <embed:bad/badrust>", "SwarmUI") == "fog badrust"


def test_the_words_weigh_here_what_they_weighed_there() -> None:
    assert weights(as_a1111("{{tin}}, 1.5::a b::", "NovelAI")) == [("tin", 1.1025), ("", 1.0), ("a b", 1.5)]


@pytest.mark.parametrize("text", ["{a|b}", "{2$$a|b}", "__colour__", r"\{a|b}", "{{a|b}", "{a} b", "___x__"])
def test_nothing_is_drawn_by_chance_again(text: str) -> None:
    assert resolved(without_choices(text), {}, 7) == text


def test_braces_that_mean_nothing_stay_as_they_are() -> None:
    assert without_choices("{best quality}, {{tin}}") == "{best quality}, {{tin}}"


@given(text=st.text(st.sampled_from(r"ab {}|_$\2:@~-"), max_size=30))
def test_any_text_is_drawn_as_it_stands(text: str) -> None:
    assert resolved(without_choices(text), {}, 7) == text


@given(
    text=st.text(st.sampled_from('ab ()[]{}+-:.,1\\"<>'), max_size=40), program=st.sampled_from(["NovelAI", "InvokeAI"])
)
def test_any_text_is_read(text: str, program: str) -> None:
    weighted(as_a1111(text, program))
