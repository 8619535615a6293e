"""Composed pictures show what they say, where they say it, and the words say it too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.drawn import COLOURS, art
from training.art import SIZE
from training.pictures import Chooser, Painter, Picture
from training.scenes import PAINTERS
from training.sentences import NUMBERS, PLACES, plural, sentence
from training.things import things

KNOWN = {"apple": COLOURS["red apple"], "banana": COLOURS["banana"], "house": COLOURS["house"]}


@pytest.fixture(scope="module")
def makers() -> tuple[Chooser, Painter]:
    pixels, drawings = art()
    return Chooser([thing for thing in things(drawings) if thing.name in KNOWN]), Painter(pixels)


def middle(pixels: np.ndarray, rgb: tuple[int, int, int]) -> tuple[float, float, int]:
    """(x, y, pixels) of where a colour or its dark half is seen, in 0..1."""
    seen = np.zeros(pixels.shape[:2], bool)
    for lit in (1.0, 0.7):
        seen |= np.abs(pixels.astype(int) - np.round(np.array(rgb) * lit)).max(-1) < 12
    y, x = np.nonzero(seen)
    return (float(x.mean()) / SIZE, float(y.mean()) / SIZE, len(x)) if len(x) else (0.5, 0.5, 0)


def pairs(makers: tuple[Chooser, Painter], count: int = 160) -> list[tuple[np.ndarray, Picture, str]]:
    chooser, painter = makers
    rng = np.random.default_rng(1)
    made = []
    while len(made) < count:
        picture = chooser.picture(rng, "pair")
        if any(part.colour for part in picture.parts) or any(part.unsaid for part in picture.parts):
            continue
        pixels, _, shown = painter.paint(picture, rng)
        made.append((pixels, shown, sentence(shown, rng, empty=0)))
    return made


def test_two_things_lie_where_the_relation_says(makers: tuple[Chooser, Painter]) -> None:
    seen = set()
    for pixels, picture, _ in pairs(makers):
        first, second = (KNOWN[part.thing.name] for part in picture.parts)
        (ax, ay, a), (bx, by, b) = middle(pixels, first), middle(pixels, second)
        assert a > 300
        assert b > 300
        where = {"left": ax < bx, "right": ax > bx, "above": ay < by, "under": ay > by, "on": ay < by}
        assert where.get(picture.relation or "", True)
        seen.add(picture.relation)
    assert seen == {"left", "right", "above", "under", "on", "and", "next"}


def test_words_of_a_pair_name_both_and_their_sides(makers: tuple[Chooser, Painter]) -> None:
    for _, picture, words in pairs(makers):
        names = [part.thing.name for part in picture.parts]
        said = [words.find(name) for name in names]
        if -1 in said:
            continue  # another name for the thing
        if picture.relation in ("left", "right"):
            left = names[0] if picture.relation == "left" else names[1]
            other = next(name for name in names if name != left)
            assert (
                f"{left} left of" in words
                or f"{left} to the left of" in words
                or f"{left} on the left" in words
                or f"{other} to the right of" in words
            )
        if picture.relation == "on":
            assert words.index(names[0]) < words.index(names[1])
            assert " on " in words


def test_small_and_big_are_said_and_seen(makers: tuple[Chooser, Painter]) -> None:
    sized = [(pixels, picture) for pixels, picture, _ in pairs(makers, 240) if picture.parts[0].size]
    assert len(sized) > 20
    for pixels, picture in sized:
        areas = [middle(pixels, KNOWN[part.thing.name])[2] for part in picture.parts]
        assert (areas[0] > areas[1]) == (picture.parts[0].size == "big")


@pytest.mark.parametrize("kind", ["single", "pair", "count"])
def test_parts_stay_inside(makers: tuple[Chooser, Painter], kind: str) -> None:
    chooser, painter = makers
    rng = np.random.default_rng(2)
    for _ in range(60):
        pixels, depth, picture = painter.paint(chooser.picture(rng, kind), rng)
        if kind == "count":
            border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
            assert np.ptp(border, axis=0).max() == 0
        assert pixels.shape == (SIZE, SIZE, 3)
        assert 0 <= depth.min() <= depth.max() <= 1
        assert len(picture.parts) == (picture.count if kind == "count" else 2 if kind == "pair" else 1)


def test_as_many_are_drawn_as_are_said(makers: tuple[Chooser, Painter]) -> None:
    chooser, painter = makers
    rng = np.random.default_rng(3)
    for _ in range(40):
        picture = replace(chooser.picture(rng, "count"), ground="white")  # none of the drawings here is white
        pixels, _, shown = painter.paint(picture, rng)
        ground = pixels[0, 0].astype(int)
        different = np.abs(pixels.astype(int) - ground).max(-1) > 20
        assert pieces(different) == picture.count
        words = sentence(shown, rng, empty=0)
        assert any(number in words for number in NUMBERS[picture.count])


def pieces(mask: np.ndarray) -> int:
    """How many connected parts a mask has, those of some size."""
    left, count = mask.copy(), 0
    while left.any():
        y, x = np.argwhere(left)[0]
        grown = np.zeros_like(left)
        grown[y, x] = True
        while True:
            wide = grown.copy()
            for axis in (0, 1):
                for step in (1, -1):
                    wide |= np.roll(grown, step, axis)
            wide &= left
            if (wide == grown).all():
                break
            grown = wide
        count += int(grown.sum() > 60)
        left &= ~grown
    return count


def test_things_in_a_scene_stand_on_its_floor_and_the_words_name_it(makers: tuple[Chooser, Painter]) -> None:
    chooser, painter = makers
    rng = np.random.default_rng(4)
    for _ in range(40):
        _, depth, picture = painter.paint(chooser.picture(rng, "scene"), rng)
        words = sentence(picture, rng, empty=0)
        assert picture.scene is not None
        assert any(place in words for place in PLACES[picture.scene.kind])
        assert ("night" in words) == (picture.scene.time == "night")
        for part in picture.parts:
            foot = part.y + painter.foot(part)
            assert 0.35 < foot < 0.97
            assert depth[min(SIZE - 1, int(part.y * SIZE)), int(part.x * SIZE)] > 0.2


@pytest.mark.parametrize("kind", PAINTERS)
def test_every_scene_is_seeded_and_its_words_are_about_it(makers: tuple[Chooser, Painter], kind: str) -> None:
    from training.scenes import Scene, paint

    one, other = (paint(Scene(kind), "3d", np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)
    assert one.pixels.std() > 5
    assert 0 < one.floor[0] < one.floor[1] < 1


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("apple", "apples"),
        ("cherry", "cherries"),
        ("box", "boxes"),
        ("mouse", "mice"),
        ("cup of coffee", "cups of coffee"),
        ("glasses", "glasses"),
        ("person walking", "people walking"),
        ("toy", "toys"),
        ("stop sign", "stop signs"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_named_colour_is_seen_and_its_ground_is_another(makers: tuple[Chooser, Painter]) -> None:
    chooser, _ = makers
    rng = np.random.default_rng(6)
    for _ in range(200):
        picture = chooser.picture(rng, "single")
        (part,) = picture.parts
        own = part.colour or part.thing.concept.colour
        assert picture.ground == "white" or picture.ground != own
        assert not (part.colour == "white" and picture.ground == "white")
