"""Which words of a prompt mean nothing to a model that was taught a list of things."""

from __future__ import annotations

import pytest

from sdplay.core.sample import PromptPair
from sdplay.library.things import Things, things_from
from sdplay.requests.known_words import read_texts, understood

NAMES = ("apple", "cat", "hot dog", "t-shirt", "grapes", "cup of coffee", "orange fruit", "house")
TAUGHT = things_from(
    {
        "things": [{"name": name, "synonyms": ["cat face"] if name == "cat" else []} for name in NAMES],
        "words": {"style": ["3d render", "flat icon"], "colour": ["red", "orange"], "background": ["background"]},
    }
)


@pytest.mark.parametrize(
    "prompt",
    [
        "a red apple, 3d render",
        "Flat icon of the CAT on an orange background",
        "a hot dog",
        "T-Shirt",
        "a cup of coffee with a nice view",
        "apples",
        "a grape",
        "an orange fruit on red",
        "masterpiece, best quality, a cute cat face, 8k",
        "1 cat",
        "a ｒｅｄ Ｃａｔ",
    ],
)
def test_what_it_was_taught_is_understood(prompt: str) -> None:
    found = understood(prompt, TAUGHT)
    assert (found.unknown, found.not_followed) == ((), ())
    assert len(found.things) == 1


def test_what_it_was_not_taught_is_named_once_in_the_order_of_the_words() -> None:
    found = understood("two apples and a dog on the left table, a dog, 🐶", TAUGHT)
    assert found.unknown == ("dog", "table", "🐶")
    assert found.not_followed == ("two", "left")
    assert found.things == ("apple",)


def test_the_longest_name_counts() -> None:
    assert understood("hot dog house", TAUGHT).things == ("hot dog", "house")
    assert understood("hot house", TAUGHT) == understood("house hot", TAUGHT)


def test_words_that_mean_something_else_are_known() -> None:
    assert understood("a squiggle of my-style, cat", TAUGHT, ["squiggle", "my-style"]).unknown == ()


def test_a_model_that_counts_is_believed() -> None:
    able = Things(things=TAUGHT.things, words={"number": ("two", "three"), "size": ("big",)}, most_things=2)
    found = understood("two big cats, seven small ones left of it", able)
    assert found.not_followed == ("left",)


def texts(prompt: str, steps: int = 10, syntax: str = "a1111") -> list[str]:
    return list(read_texts(PromptPair(prompt=prompt, negative_prompt="", syntax=syntax), steps))  # type: ignore[arg-type]


def test_notation_is_no_word() -> None:
    assert texts("a (red:1.4) ((cat)) [house]") == ["a red cat house"]
    assert texts("a cat <lora:some thing:0.7>") == ["a cat "]
    assert texts("a [cat:dog:0.5] face") == ["a cat face", "a dog face"]
    assert texts("a [cat|dog]") == ["a cat", "a dog"]
    assert texts("a cat AND a dog :0.5") == ["a cat", "a dog"]
    assert texts("a cat BREAK a house") == ["a cat  ,  a house"]
    assert texts("a (cat:1.2)", syntax="plain") == ["a (cat:1.2)"]
