"""What people would type for a composed picture: things, sides, counts, sizes, colours, scene, style and background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.captions import EMPTY_SHARE, NO_STYLE_SHARE, STYLE_WORDS, SYNONYM_SHARE, TAG_SHARE, WHITE_SAID, article
from training.pictures import Part, Picture
from training.scenes import CALM, DAY, NIGHT, RAIN, SNOWFALL, SUN, SUNSET, Scene

NARROW_SHARE = 0.35
NUMBERS = {2: ("two", "two", "two", "2", "a pair of"), 3: ("three", "three", "3"), 4: ("four", "4"), 5: ("five", "5")}
IRREGULAR = {
    "mouse": "mice",
    "goose": "geese",
    "tooth": "teeth",
    "foot": "feet",
    "man": "men",
    "woman": "women",
    "child": "children",
    "leaf": "leaves",
    "knife": "knives",
    "wolf": "wolves",
    "loaf": "loaves",
    "person": "people",
    "fish": "fish",
    "sheep": "sheep",
    "deer": "deer",
    "scissors": "scissors",
    "octopus": "octopuses",
    "cactus": "cactuses",
    "bread": "breads",
    "ox": "oxen",
    "bus": "buses",
    "glasses": "glasses",
    "dice": "dice",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "mango": "mangoes",
}
HEAD_FIRST = (" of ", " with ", " in ", " on ", " without ", " behind ")
RELATIONS = {
    "and": ("{a} and {b}", "{a} and {b}", "{a} with {b}", "{a}, {b}"),
    "next": ("{a} next to {b}", "{a} next to {b}", "{a} beside {b}"),
    "left": (
        "{a} left of {b}",
        "{a} to the left of {b}",
        "{a} on the left and {b} on the right",
        "{b} on the right, {a} on the left",
        "{b} to the right of {a}",
    ),
    "above": ("{a} above {b}", "{a} above {b}", "{a} over {b}", "{b} below {a}", "{b} under {a}"),
    "on": ("{a} on {b}", "{a} on top of {b}", "{a} sitting on {b}"),
}
PLACES = {
    "table": ("on a table", "on the table", "on a wooden table"),
    "room": ("in a room", "in a room", "indoors"),
    "hills": ("on a green hill", "on a hill", "in the hills", "on green hills"),
    "meadow": ("in a meadow", "on the grass", "on a green meadow"),
    "mountains": ("in the mountains", "in front of mountains"),
    "sea": ("on the sea", "at sea", "on the water", "on the ocean"),
    "beach": ("on the beach", "on a beach", "on the sand"),
    "desert": ("in the desert", "in a desert"),
    "snow": ("in the snow", "on snow", "in a snowy landscape"),
    "forest": ("in the forest", "in a forest", "in the woods"),
    "city": ("in the city", "in a city", "in front of a city"),
    "road": ("on a road", "on the street", "on the road"),
    "sky": ("in the sky", "in the clouds", "flying in the sky"),
    "space": ("in space", "in outer space", "among the stars"),
    "underwater": ("under water", "underwater", "under the sea"),
}
EMPTY = {
    "table": ("a table", "an empty table"),
    "room": ("a room", "an empty room"),
    "hills": ("green hills", "a green hill", "a hill", "hills"),
    "meadow": ("a meadow", "a field of flowers", "a green field"),
    "mountains": ("mountains", "a mountain landscape"),
    "sea": ("the sea", "the ocean", "waves on the sea"),
    "beach": ("a beach", "the beach"),
    "desert": ("a desert", "the desert", "sand dunes"),
    "snow": ("a snowy landscape", "snow", "a winter landscape"),
    "forest": ("a forest", "the forest", "woods"),
    "city": ("a city", "a city skyline", "a street in the city"),
    "road": ("a road", "an empty road"),
    "sky": ("the sky", "clouds in the sky", "a cloudy sky"),
    "space": ("space", "outer space", "stars in space"),
    "underwater": ("underwater", "under the sea", "the sea floor"),
}
TIMES = {
    SUNSET: ("at sunset", "at sunset", "in the evening"),
    NIGHT: ("at night", "at night", "by night"),
}
WEATHERS = {
    RAIN: ("in the rain", "in rain", "on a rainy day"),
    SNOWFALL: ("in falling snow", "while it snows", "snowing"),
    SUN: ("on a sunny day", "in the sun", "in sunshine"),
}


def pick(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def plural(name: str) -> str:
    """More than one of a thing: the last word, or the one before "of", "with" and their like."""
    for middle in HEAD_FIRST:
        if middle in name:
            head, rest = name.split(middle, 1)
            return plural(head) + middle + rest
    if name.startswith("person "):
        return "people " + name.removeprefix("person ")
    *before, last = name.split(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        last = last if last.endswith("s") and not last.endswith("ss") else last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join([*before, last])


def called(part: Part, rng: np.random.Generator, tags: bool = False) -> str:
    """The thing's name; now and then another one, the narrower one that this drawing has, or a tag."""
    concept, u = part.thing.concept, rng.random()
    if part.shape.name is not None and rng.random() < NARROW_SHARE:
        return part.shape.name
    if concept.synonyms and u < SYNONYM_SHARE:
        return pick(concept.synonyms, rng)
    if tags and part.thing.tags and u < SYNONYM_SHARE + TAG_SHARE:
        return pick(part.thing.tags, rng)
    return concept.name


def described(name: str, part: Part, rng: np.random.Generator) -> str:
    """The name with its size and colour, where they are to be said."""
    if part.colour is not None and not part.unsaid:
        name = f"{part.colour} {name}"
    size = {"small": ("small", "small", "little", "tiny"), "big": ("big", "big", "large")}.get(part.size or "")
    return f"{pick(size, rng)} {name}" if size else name


def one(part: Part, rng: np.random.Generator, bare: float = 0.3, tags: bool = False) -> str:
    name = described(called(part, rng, tags), part, rng)
    u = rng.random()
    return name if u < bare else f"{article(name)} {name}" if u < 0.95 else f"the {name}"


def subject(picture: Picture, rng: np.random.Generator) -> str:
    """The things and how they lie to each other."""
    first = picture.parts[0]
    if picture.count > 1:
        return f"{pick(NUMBERS[picture.count], rng)} {described(plural(called(first, rng)), first, rng)}"
    if len(picture.parts) == 1:
        return one(first, rng, tags=picture.scene is None)
    a, b = (one(part, rng, bare=0.1) for part in picture.parts)
    relation = picture.relation or "and"
    if relation in ("right", "under"):
        relation, a, b = {"right": "left", "under": "above"}[relation], b, a
    return pick(RELATIONS[relation], rng).format(a=a, b=b)


def surroundings(scene: Scene, rng: np.random.Generator, places: dict[str, tuple[str, ...]]) -> str:
    """Place, time and weather; day and calm weather go without saying."""
    words = [pick(places[scene.kind], rng)]
    if scene.weather != CALM:
        words.append(pick(WEATHERS[scene.weather], rng))
    if scene.time != DAY:
        words.append(pick(TIMES[scene.time], rng))
    elif rng.random() < 0.08 and scene.kind not in ("table", "room", "space", "underwater"):
        words.append("by day")
    return " ".join(words)


def emptiness(scene: Scene, rng: np.random.Generator) -> str:
    """A scene without things: "sunset over the sea", "mountains at night"."""
    if scene.time == SUNSET and rng.random() < 0.5:
        place = pick(EMPTY[scene.kind], rng)
        return f"{pick(('sunset', 'a sunset'), rng)} {pick(('over', 'over', 'at'), rng)} {place}"
    if scene.time == NIGHT and scene.kind == "sky" and rng.random() < 0.6:
        return pick(("night sky", "a starry night sky", "the night sky"), rng)
    return surroundings(scene, rng, EMPTY)


def styled(what: str, style: str, rng: np.random.Generator) -> str:
    words, u = pick(STYLE_WORDS[style], rng), rng.random()
    if u < 0.35:
        return f"{words} of {what}"
    return f"{what}, {words}" if u < 0.8 else f"{what} {words}" if u < 0.9 else f"{words}, {what}"


def grounded(what: str, ground: str, rng: np.random.Generator) -> str:
    if ground == "white" and rng.random() >= WHITE_SAID:
        return what
    u = rng.random()
    if u < 0.55:
        return f"{what} on {article(ground)} {ground} background"
    if u < 0.8:
        return f"{what}, {ground} background"
    if u < 0.92:
        return f"{what} with {article(ground)} {ground} background"
    return f"{ground} background, {what}"


def sentence(picture: Picture, rng: np.random.Generator, empty: float = EMPTY_SHARE) -> str:
    """One wording of a picture, lower case; empty for the share that teaches guidance."""
    if rng.random() < empty:
        return ""
    if picture.scene is None:
        what = subject(picture, rng)
    elif picture.parts:
        what = f"{subject(picture, rng)} {surroundings(picture.scene, rng, PLACES)}"
    else:
        what = emptiness(picture.scene, rng)
    said = rng.random() >= NO_STYLE_SHARE
    if said and picture.scene is None and rng.random() < 0.25:
        return styled(grounded(what, picture.ground or "white", rng), picture.style, rng)
    if said:
        what = styled(what, picture.style, rng)
    return what if picture.scene is not None else grounded(what, picture.ground or "white", rng)
