"""Every drawing belongs to one thing, and a thing has the names that people type."""

from __future__ import annotations

from tests.training.drawn import art
from training.art import STYLES, Drawing
from training.things import all_concepts, things, without


def test_face_and_body_are_one_thing_and_keep_their_narrower_names() -> None:
    found = {thing.name: thing for thing in things(art()[1])}
    assert set(found) == {"apple", "banana", "house", "dog"}
    assert {shape.style for shape in found["dog"].shapes} == set(STYLES)
    assert {shape.name for shape in found["dog"].shapes} == {"dog face", None}
    assert len(found["dog"].in_style("cartoon")) == 2


def test_best_known_things_come_first() -> None:
    found = things(art()[1])
    assert [thing.rank for thing in found] == list(range(len(found)))
    assert found[0].name == "apple"


def test_a_label_that_no_list_names_becomes_a_thing_and_one_that_is_no_thing_does_not() -> None:
    drawings = [
        Drawing(label, style, "objects") for label in ("long drum", "keycap: 3", "ON! arrow") for style in STYLES
    ]
    assert [thing.name for thing in things(drawings)] == ["long drum"]


def test_roles_are_one_thing_with_man_and_woman_as_further_drawings() -> None:
    labels = ["farmer", "man farmer", "woman farmer"]
    found = {concept.name: further for concept, further in all_concepts(labels)}
    assert found["farmer"] == ("man farmer", "woman farmer")
    assert "man farmer" not in found


def test_no_name_comes_twice_and_no_synonym_is_another_things_name() -> None:
    concepts = [concept for concept, _ in all_concepts(["crying face", "train", "angry face"])]
    names = [concept.name for concept in concepts]
    assert len(names) == len(set(names))
    assert not {word for concept in concepts for word in concept.synonyms} & set(names)


def test_without_some_drawings_the_others_stay() -> None:
    drawings = art()[1]
    left = without(things(drawings), [0, *(row for row, d in enumerate(drawings) if d.label == "banana")])
    assert {thing.name: len(thing.shapes) for thing in left} == {"apple": 2, "house": 3, "dog": 4}
