"""The table beside the model: what it was taught, and what people call it in their languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from training.art import read_concepts
from training.export import BUILTIN

EVERYDAY = ("cat", "dog", "apple", "house", "car", "heart", "tree", "star", "rocket", "fish")
CALLED = {
    "de": "katze hund apfel haus auto herz baum stern rakete fisch",
    "fr": "chat chien pomme maison voiture cœur arbre étoile fusée poisson",
    "es": "gato perro manzana casa coche corazón árbol estrella cohete pez",
    "it": "gatto cane mela casa auto cuore albero stella razzo pesce",
    "pt": "gato cachorro maçã casa carro coração árvore estrela foguete peixe",
    "ru": "кот собака яблоко дом машина сердце дерево звезда ракета рыба",
    "uk": "кіт собака яблуко дім машина серце дерево зірка ракета риба",
    "pl": "kot pies jabłko dom samochód serce drzewo gwiazda rakieta ryba",
    "ja": "猫 犬 リンゴ 家 車 ハート 木 星 ロケット 魚",
    "zh": "猫 狗 苹果 房子 汽车 心 树 星星 火箭 鱼",
    "ko": "고양이 개 사과 집 자동차 하트 나무 별 로켓 물고기",
}


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return json.loads((BUILTIN / "things.json").read_text(encoding="utf-8"))


def test_it_lists_what_the_model_was_taught_first(table: dict[str, Any]) -> None:
    names, concepts = [thing["name"] for thing in table["things"]], [concept.name for concept in read_concepts()]
    assert names[: len(concepts)] == concepts
    assert len(set(names)) == len(names)


def test_every_word_leads_to_a_thing(table: dict[str, Any]) -> None:
    for words in table["names"].values():
        assert set(words.values()) <= set(range(len(table["things"])))
        assert all(word == word.lower() for word in words)


@pytest.mark.parametrize("language", CALLED)
def test_everyday_things_are_known_by_their_names(table: dict[str, Any], language: str) -> None:
    words = dict(zip(EVERYDAY, CALLED[language].split(" "), strict=True))
    named = {english: table["names"][language].get(word) for english, word in words.items()}
    found = {english: table["things"][row]["name"] if row is not None else None for english, row in named.items()}
    assert found == {english: english for english in EVERYDAY}


def test_emoji_belong_to_one_thing_each(table: dict[str, Any]) -> None:
    emoji = [one for thing in table["things"] for one in thing["emoji"]]
    assert len(emoji) == len(set(emoji))
    owner = {one: thing["name"] for thing in table["things"] for one in thing["emoji"]}
    assert (owner["🐶"], owner["🚀"], owner["🍎"], owner["❤"]) == ("dog", "rocket", "apple", "heart")


def test_small_words_stand_for_no_thing(table: dict[str, Any]) -> None:
    for language, grammar in table["grammar"].items():
        said = {form.lower() for forms in grammar.values() for form in forms}
        assert not said & set(table["names"][language])
