"""The words beside the names: what the model reads, and what leads to a thing."""

from __future__ import annotations

from training.related import keywords_of, read_words, related_words


def test_a_keyword_leads_to_three_things_the_best_known_first_and_those_with_it_in_their_names() -> None:
    names = [["apple"], ["banana"], ["pear"], ["orange fruit"], ["cat", "kitty"]]
    keywords = [["fruit"], ["fruit"], ["fruit", "Green_Fruit"], ["fruit"], ["pet", "kitty", ":D", "is", "fruit"]]
    assert related_words(names, keywords) == {"fruit": [3, 0, 1], "pet": [4]}


def test_a_thing_has_the_keywords_of_its_own_emoji() -> None:
    assert keywords_of(["🐱", "🐈"], {"🐱": ["pet"], "🐈": ["tail"]}, {"🐱": ["pet", "nature"]}) == ["pet", "nature"]
    assert keywords_of([], {}, {}) == []


def test_a_model_that_was_taught_scenes_reads_more() -> None:
    simple, composed = read_words(composed=False), read_words(composed=True)
    assert simple == {kind: composed[kind] for kind in simple}
    assert {"style", "colour", "background"} == simple.keys()
    assert {"two", "three"} <= set(composed["number"])
    assert "on a table" in composed["scene"]
    assert "left" in composed["side"]
    assert "big" in composed["size"]
