"""The list of things beside a model, and what is nearest to a word that is none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdplay.core.errors import ModelBroken
from sdplay.library.things import Things, forms_of, read_things, things_from, tokens
from tests.support.builtin import FIRST, FOLDERS

TABLE = {
    "most_things": 1,
    "things": [
        {"name": "apple", "emoji": ["🍎"], "group": "food", "synonyms": ["red apple"]},
        {"name": "bell pepper", "emoji": ["🫑"], "group": "food", "synonyms": ["paprika"]},
        {"name": "cat", "emoji": ["🐱", "🐈"], "group": "animals", "synonyms": ["kitty", "cat face"]},
        {"name": "sun", "emoji": ["☀"], "group": "sky", "synonyms": []},
        {"name": "thumbs up", "emoji": ["👍"], "group": "people", "synonyms": []},
        {"name": "castle", "emoji": ["🏰"], "group": "places", "synonyms": []},
    ],
    "words": {"style": ["3d render"], "colour": ["red", "blue"]},
    "related": {"fruit": [0], "vegetable": [1]},
    "names": {"ru": {"кот": 2, "яблоко": 0}, "de": {"katze": 2, "apfel": 0}, "ja": {"リンゴ": 0, "猫": 2}}
    | {"fr": {"château": 5}, "th": {"แมวดำ": 2}},
    "grammar": {"de": {"red": ["rot", "roter"], "table": ["tisch"], "on": ["auf"]}},
}


@pytest.fixture
def things() -> Things:
    return things_from(TABLE)


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("pepper", ("bell pepper",)),  # a word of the name
        ("cats", ("cat",)),
        ("fruit", ("apple",)),  # said of it
        ("aple", ("apple",)),  # mistyped
        ("castel", ("castle",)),
        ("sunset", ("sun",)),  # begins with it
        ("кот", ("cat",)),
        ("кота", ("cat",)),  # a form of it
        ("katze", ("cat",)),
        ("猫", ("cat",)),
        ("赤いリンゴ", ("apple",)),  # within a text without spaces
        ("🐈", ("cat",)),
        ("👍🏽", ("thumbs up",)),  # whatever its look
        ("warrior", ()),
        ("ßß", ()),
        ("ｆｒｕｉｔ", ("apple",)),  # full width
        ("cha\u0302teau", ("castle",)),  # two characters for one letter, as macOS has it
        ("แมวดำ", ("cat",)),
    ],
)
def test_the_nearest_things_of_a_word(things: Things, word: str, nearest: tuple[str, ...]) -> None:
    assert things.nearest(word) == nearest


@pytest.mark.parametrize(
    ("word", "english"),
    [
        ("кот", "cat"),
        ("Ａｐｆｅｌ", "apple"),
        ("apfel", "apple"),
        ("roter", "red"),
        ("auf", "on"),
        ("tisch", ""),
        ("fruit", ""),
        ("yak", ""),
    ],
)
def test_a_word_of_another_language_is_given_in_english_where_that_is_read(
    things: Things, word: str, english: str
) -> None:
    assert things.translated(word) == english


def test_things_are_found_by_names_emoji_and_other_languages(things: Things) -> None:
    def names(text: str) -> list[str]:
        return [thing.name for thing in things.called(text)]

    assert names("face cat") == ["cat"]
    assert names("paprika") == ["bell pepper"]
    assert names("🐱") == ["cat"]
    assert names("кот") == ["cat"]
    assert names("logo") == []
    assert names(".") == names("* [") == []
    assert len(names("")) == len(TABLE["things"])  # type: ignore[arg-type]


def test_texts_in_words() -> None:
    assert tokens("A T-shirt, 🐶🚀 and the cat’s ❤️!") == ("a", "t", "shirt", "🐶", "🚀", "and", "the", "cat's", "❤")
    assert {"cherry", "cherries"} <= {*forms_of("cherries"), "cherries"}
    assert "leaf" in forms_of("leaves")
    assert "glas" not in forms_of("glass")


def test_the_first_model_says_what_it_was_taught() -> None:
    things = read_things(FOLDERS[FIRST])
    assert things is not None
    assert things.most_things == 1
    assert things.words["background"] == ("background",)
    assert {"red", "blue", "white"} <= set(things.words["colour"])
    assert things.nearest("sunset") == ("sun",)
    assert things.nearest("кошки") == ("cat",)
    assert things.nearest("fruit")[1:] == ("apple", "banana")


def test_a_model_without_a_list_has_none_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert read_things(tmp_path) is None
    for broken in ("{", "[]", '{"things": [{}]}', '{"things": [], "related": {"a": [1]}}', '{"things": 7}'):
        (tmp_path / "things.json").write_text(broken)
        with pytest.raises(ModelBroken, match="its list of things cannot be read"):
            read_things(tmp_path)
    (tmp_path / "things.json").write_text(json.dumps(TABLE))
    again = read_things(tmp_path)
    assert again is not None
    assert len(again.things) == 6
