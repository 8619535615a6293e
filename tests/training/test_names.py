"""Names in other languages and emoji lead to the things people mean by them."""

from __future__ import annotations

from training.foreign import CHOSEN, ENGLISH_WORDS, GRAMMAR
from training.names import akin, bare, foreign_names, typed

ROWS = {
    "1f431": ("морда кошки", ("животное", "кот", "кошка", "морда")),
    "1f408-200d-2b1b": ("черная кошка", ("животное", "кошка", "черная")),
    "1f34e": ("красное яблоко", ("фрукт", "красное", "яблоко")),
}


def test_forms_of_a_word_are_akin_and_other_words_are_not() -> None:
    assert akin("кот", "морда кошки")
    assert akin("katze", "katzengesicht")
    assert akin("猫", "猫の顔")
    assert not akin("obst", "roter apfel")
    assert not akin("фрукт", "красное яблоко")


def test_the_plainer_and_better_known_thing_has_the_word() -> None:
    found = foreign_names([["1f431"], ["1f408-200d-2b1b"], ["1f34e"]], ROWS, ["красное"], {})
    assert found["кот"] == 0
    assert found["морда кошки"] == 0
    assert found["черная кошка"] == 1
    assert found["яблоко"] == 2
    assert "красное" not in found


def test_what_is_chosen_by_hand_goes_over_all() -> None:
    assert foreign_names([["1f431"], ["1f34e"]], ROWS, [], {"кот": 1})["кот"] == 1


def test_an_emoji_is_the_same_whatever_its_look() -> None:
    assert bare("❤️") == "❤"
    assert bare("👍🏽") == "👍"
    assert bare("🐈‍⬛") == "🐈‍⬛"


def test_names_are_what_somebody_may_type() -> None:
    assert typed("кот")
    assert typed("猫")
    assert not typed("x")
    assert not typed("a face with a hand over its mouth")


def test_every_language_has_every_word() -> None:
    for words in GRAMMAR.values():
        assert tuple(words) == ENGLISH_WORDS
        assert all(form and form == form.strip() for forms in words.values() for form in forms)
    assert set(CHOSEN) <= set(GRAMMAR)
