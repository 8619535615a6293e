"""`<lora:name:0.8>`: what it says, and that it is gone from the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.prompts.composition import composed
from sdplay.prompts.lora_tags import Lora, lora_names, lora_tags, stretches
from sdplay.prompts.template import template
from tests.support.refusals import refused_at_once


@pytest.mark.parametrize(
    ("notation", "meant"),
    [
        ("<lora:x>", Lora("x", 1.0, 1.0)),
        ("<lora:x:0.8>", Lora("x", 0.8, 0.8)),
        ("<lora:x:-0.5>", Lora("x", -0.5, -0.5)),
        ("<lora:x:0.25:0.75>", Lora("x", 0.25, 0.75)),
        ("<lora:x:te=0.5:unet=0.8>", Lora("x", 0.5, 0.8)),
        ("<lora:x:unet=0.8>", Lora("x", 1.0, 0.8)),
        ("<lora:x:te=0.5>", Lora("x", 0.5, 0.5)),
        ("<lora:x:0.3:unet=0.8>", Lora("x", 0.3, 0.8)),
        ("<lyco:a b.c-d_e: .5 >", Lora("a b.c-d_e", 0.5, 0.5)),
    ],
)
def test_a_notation_means_what_it_means_to_a1111(notation: str, meant: Lora) -> None:
    assert lora_tags(f"a cat{notation}, red") == ("a cat, red", (meant,))


def test_several_are_told_in_order_and_leave_the_rest_alone() -> None:
    text, found = lora_tags("<lora:b:1><lora:a:2> a (cat:1.2) <3 <nothing> [x:y:2] <lora:b:3>")
    assert text == " a (cat:1.2) <3 <nothing> [x:y:2] "
    assert [(one.name, one.network) for one in found] == [("b", 1.0), ("a", 2.0), ("b", 3.0)]


@pytest.mark.parametrize(
    "notation",
    [
        "<lora:x:much>",
        "<lora:x:1:2:3>",
        "<lora:x:dyn=4>",
        "<lora::1>",
        "<lora:x:101>",
        "<lora:x:nan>",
        "<hypernet:x:1>",
    ],
)
def test_what_cannot_be_meant_is_refused(notation: str) -> None:
    with pytest.raises(BadRequest) as caught:
        lora_tags(f"a cat {notation}", "prompt")
    assert caught.value.field == "prompt"
    assert caught.value.hint


def test_more_than_32_are_refused() -> None:
    assert len(lora_tags("<lora:x:1>" * 32)[1]) == 32
    with pytest.raises(BadRequest, match="33 LoRAs"):
        lora_tags("<lora:x:1>" * 33)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        left, found = lora_tags(text)
    except BadRequest:
        return
    assert found or left == text
    assert lora_tags(left)[1] == () or "<" in text


def test_they_are_read_before_all_other_notation() -> None:
    (one,) = composed("[a<lora:x:1>:b:0.5]")
    assert one.words.at(0, 10) == "a"
    assert [part.words.at(0, 1) for part in composed("a <lora:x:1> AND b <lora:y:1>")] == ["a", "b"]


def names(text: str) -> set[str]:
    return {name for stretch in stretches(template(text)) for name in lora_names(stretch)}


def test_the_names_of_all_branches_are_known_beforehand() -> None:
    assert names("{<lora:a:1>|<lora:b:{0.5|1}> {x|<lyco:c>}} <lora:d:0.5:1>") == {"a", "b", "c", "d"}
    assert names("a cat <3 <lora:unfinished") == set()


@pytest.mark.parametrize("text", ["<lora:{a|b}:1>", "<lora:a__b__:1>", "<lora:a{:1>|>}"])
def test_a_name_that_is_left_to_chance_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="left to a choice") as caught:
        names(text)
    assert "{<lora:a:1>|<lora:b:1>}" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "<lora:x:1>" * 3_000,
        "<lora:" * 5_000 + ":9999>",
        "<lora:x" + ":1" * 15_000 + ">",
        "<hypernet:" + "a" * 31_000 + ">",
    ],
    ids=["thousands", "never closed", "weights without end", "a long name"],
)
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    assert refused_at_once(lambda: lora_tags(text)).field == "prompt"
