"""What else the table beside the model says: the words that it reads besides names, and what words stand near a thing.

Whoever types a word that the model was never taught is told the things nearest to it: "fruit" leads to the apple, since
the keywords of its emoji say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.captions import STYLE_WORDS
from training.colours import BACKGROUNDS, OBJECT_COLOURS
from training.sentences import EMPTY, NUMBERS, PLACES, TIMES, WEATHERS

MOST = 3  # things that a word leads to
LONGEST = 20  # letters of such a word
SIZES = ("small", "little", "tiny", "big", "large")
SIDES = ("next to", "beside", "left", "right", "above", "over", "below", "under", "on top of", "sitting on")
STAND_IN = ("wooden", "empty", "flying", "night sky", "starry", "cloudy", "field", "flowers", "sunset", "falling")


def read_words(*, composed: bool) -> dict[str, list[str]]:
    """The words that the model reads besides the names of things, by kind; `composed`: it was taught whole scenes."""
    styles = sorted({word for words in STYLE_WORDS.values() for word in words})
    read = {"style": styles, "colour": sorted({*BACKGROUNDS, *OBJECT_COLOURS}), "background": ["background"]}
    if not composed:
        return read
    scenes = {words for table in (EMPTY, PLACES, TIMES, WEATHERS) for said in table.values() for words in said}
    numbers = sorted({word for words in NUMBERS.values() for word in words})
    return read | {
        "scene": sorted({*scenes, *STAND_IN}),
        "number": numbers,
        "size": list(SIZES),
        "side": list(SIDES),
    }


def related_words(names: Sequence[Sequence[str]], keywords: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    """The things that each keyword leads to, three at most, the best known first.

    `names` are all that each thing is called, `keywords` those of its emoji. A word that is a thing's name leads
    nowhere else.
    """
    taken = {name for called in names for name in called}
    found: dict[str, list[int]] = {}
    for number, words in enumerate(keywords):
        for word in dict.fromkeys(word.lower().replace("_", " ") for word in words):
            if word.isascii() and word.isalpha() and 2 < len(word) <= LONGEST and word not in taken:
                found.setdefault(word, []).append(number)
    return {word: nearest(word, numbers, names) for word, numbers in sorted(found.items())}


def nearest(word: str, numbers: Sequence[int], names: Sequence[Sequence[str]]) -> list[int]:
    """The best of the things that a word may lead to: those that have it in their name, then the best known."""
    in_name = {number for number in numbers if any(word in name.split(" ") for name in names[number])}
    return sorted(numbers, key=lambda number: (number not in in_name, number))[:MOST]


def keywords_of(
    emoji: Sequence[str], tags: Mapping[str, Sequence[str]], keywords: Mapping[str, Sequence[str]]
) -> list[str]:
    """What emojibase and emojilib say of a thing's emoji, its own first; `tags` and `keywords` are by bare emoji."""
    own = (word for one in emoji[:1] for word in (*tags.get(one, ()), *keywords.get(one, ())))
    return list(dict.fromkeys(own))
