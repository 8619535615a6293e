"""What a model with a list of things can draw: `things.json` in its folder, and the thing that is nearest to a word.

A model without that file draws whatever it was taught, which nobody wrote down. The file holds `things` (name, emoji,
group, synonyms), `words` (what else the model reads, by kind: style, colour, number …), `most_things` in one picture,
`related` (for a word the numbers of things that it is said of), `names` (for each language, what things are called),
and `grammar` (for each language, what English words for colours and the like are there).
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.files.regular import read_regular_text

FILE = "things.json"
LARGEST = 2**24  # bytes
NEAREST = 3
ALIKE, FOREIGN_ALIKE = 0.78, 0.75  # how like another a mistyped word is, of 1
STEM = 3  # letters that a word and a thing's name share at the least, where one begins the other
# Signs that NFKC would turn into letters, and vowels of Thai and Lao that it would take apart.
AS_THEY_ARE = "\u2190-\u2bff\u3200-\u33ff\U0001f000-\U0001faff\u0e33\u0eb3"
SPELLED = re.compile(f"[^{AS_THEY_ARE}]+")
LETTERS = r"[^\W_]+(?:['’][^\W_]+)*"
SIGN = r"[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
WORD = re.compile(rf"{SIGN}(?:\u200d{SIGN})*|{LETTERS}")
LOOK = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
ENDINGS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""))
IRREGULAR = {"mice": "mouse", "geese": "goose", "teeth": "tooth", "feet": "foot", "people": "person"}
JOINING = ("and", "with", "on")

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing that a model draws: its name, the emoji that show it, its group, and what else it may be called."""

    name: str
    group: str = ""
    emoji: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Things:
    """All that a model was taught, the best known first; see above for the parts."""

    things: tuple[Thing, ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    most_things: int = 1
    related: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    names: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    terms: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def phrases(self) -> dict[Tokens, int | str]:
        """What the model reads, in words: the number of the thing that it names, or the kind of word that it is."""
        found: dict[Tokens, int | str] = {}
        for number, thing in enumerate(self.things):
            for name in (thing.name, *thing.synonyms):
                found.setdefault(tokens(name), number)
        for kind, phrases in self.words.items():
            found |= {tokens(phrase): kind for phrase in phrases}
        return found

    @cached_property
    def longest(self) -> int:
        """The most words in a phrase."""
        return max(map(len, self.phrases), default=0)

    @cached_property
    def openings(self) -> frozenset[str]:
        """The first words of phrases of several."""
        return frozenset(first for first, *rest in self.phrases if rest)

    def called(self, text: str) -> tuple[Thing, ...]:
        """The things with all words of `text` in one of their names, or that have it as an emoji; all of them for "",
        none for a text without words.

        In another language it leads to what is called so there.
        """
        wanted = [set(forms_of(word)) for word in tokens(text)]
        if not text.strip():
            return self.things
        found = tuple(
            thing
            for thing in self.things
            if LOOK.sub("", text) in thing.emoji
            or any(
                wanted and all(forms & set(tokens(name)) for forms in wanted) for name in (thing.name, *thing.synonyms)
            )
        )
        if found:
            return found
        foreign = self.translated(text)
        return tuple(thing for thing in self.things if thing.name == foreign)

    def nearest(self, word: str) -> tuple[str, ...]:
        """The names of the things nearest to a word that is none, three at most; none where nothing is near."""
        word = LOOK.sub("", spelled(word))
        ways = (self._with_emoji, self._near, self._translated, self._mistyped, self._beginning)
        for way in ways:
            numbers = list(dict.fromkeys(way(word)))[:NEAREST]
            if numbers:
                return tuple(self.things[number].name for number in numbers)
        return ()

    def translated(self, word: str) -> str:
        """What `word` of another language is in the English that the model reads, "" where it is no such word."""
        word = spelled(word)
        english = self.terms.get(word, "")
        if english != word and (tokens(english) in self.phrases or english in JOINING):
            return english
        number = next(self._translated(word), None) if not self._known(word) else None
        return self.things[number].name if number is not None else ""

    def _known(self, word: str) -> bool:
        return next(self._near(word), None) is not None

    def _with_emoji(self, word: str) -> Iterator[int]:
        return (number for number, thing in enumerate(self.things) if word in thing.emoji)

    def _near(self, word: str) -> Iterator[int]:
        yield from self._with_word(word)
        yield from self._related(word)

    def _with_word(self, word: str) -> Iterator[int]:
        """Those with the word in their name: "pepper" of "bell pepper"."""
        forms = set(forms_of(word))
        for phrase, number in self.phrases.items():
            if isinstance(number, int) and forms & set(phrase):
                yield number

    def _related(self, word: str) -> Iterator[int]:
        return (number for form in forms_of(word) for number in self.related.get(form, ()))

    def _mistyped(self, word: str) -> Iterator[int]:
        named = {each: number for phrase, number in self.phrases.items() if isinstance(number, int) for each in phrase}
        close = difflib.get_close_matches(word, named, n=NEAREST, cutoff=ALIKE)
        return (named[name] for name in sorted(close, key=lambda name: name[0] != word[0]))

    def _translated(self, word: str) -> Iterator[int]:
        """Those that are called so in other languages, first in the most; then by a word much like it, or within."""
        exact = Counter(names[word] for names in self.names.values() if word in names)
        yield from (number for number, _ in exact.most_common())
        if exact or word.isascii():
            return
        if spaceless(word):
            within = {name: n for names in self.names.values() for name, n in names.items() if name in word}
            yield from (within[name] for name in sorted(within, key=len, reverse=True))
            return
        named = {name: n for names in self.names.values() for name, n in names.items() if name[:2] == word[:2]}
        yield from (named[close] for close in difflib.get_close_matches(word, named, n=1, cutoff=FOREIGN_ALIKE))

    def _beginning(self, word: str) -> Iterator[int]:
        """Those whose name begins the word, or begins with it: "sun" of "sunset"."""
        for number, thing in enumerate(self.things):
            shorter, longer = sorted((thing.name, word), key=len)
            if len(shorter) >= STEM and longer.startswith(shorter):
                yield number


def spelled(text: str) -> str:
    """`text` as words are looked up: lower case in NFKC, however it was typed: "ｃａｔ" is "cat"."""
    if unicodedata.is_normalized("NFKC", text):  # as nearly all of a list is, which is long
        return text.lower()
    return SPELLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]).lower(), text)


def tokens(text: str) -> Tokens:
    """The words of a text as `spelled`, emoji by themselves: "T-shirt 🐶" is ("t", "shirt", "🐶")."""
    return tuple(LOOK.sub("", word) for word in WORD.findall(spelled(text).replace("’", "'")))


def forms_of(word: str) -> Iterator[str]:
    """A word, and what it may be one or several of."""
    yield word
    if word in IRREGULAR:
        yield IRREGULAR[word]
    for ending, single in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2 and not word.endswith("ss"):
            yield word.removesuffix(ending) + single
    yield f"{word}s"


def spaceless(word: str) -> bool:
    """Whether the word is of a script that puts no spaces between words."""
    return any(unicodedata.name(letter, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI")) for letter in word)


def read_things(folder: Path) -> Things | None:
    """The things that the model in `folder` was taught, None where it does not say; raises `ModelBroken`."""
    path = folder / FILE
    if not path.is_file():
        return None
    state = path.stat()
    return _read(path, state.st_size, state.st_mtime_ns)


@cache
def _read(path: Path, size: int, time: int) -> Things:
    try:
        if size > LARGEST:
            raise ValueError(f"it has {size:,} bytes")
        return things_from(json.loads(read_regular_text(path, LARGEST)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"its list of things cannot be read: {type(error).__name__}: {error}"
        raise ModelBroken(reason, field="model", value=str(path)) from None


def things_from(found: Mapping[str, Any]) -> Things:
    """The things that a table describes; raises `KeyError`, `TypeError` and their like for one that is none."""
    things = tuple(
        Thing(
            name=str(one["name"]),
            group=str(one.get("group", "")),
            emoji=tuple(map(str, one.get("emoji", ()))),
            synonyms=tuple(dict.fromkeys(map(str, one.get("synonyms", ())))),
        )
        for one in found["things"]
    )
    return Things(
        things=things,
        words={str(kind): tuple(map(str, words)) for kind, words in found.get("words", {}).items()},
        most_things=int(found.get("most_things", 1)),
        related={spelled(str(word)): _places(numbers, things) for word, numbers in found.get("related", {}).items()},
        names={
            str(tongue): dict(zip(map(spelled, words), _places(words.values(), things), strict=True))
            for tongue, words in found.get("names", {}).items()
        },
        terms={
            spelled(str(form)): str(english)
            for words in found.get("grammar", {}).values()
            for english, forms in words.items()
            for form in forms
        },
    )


def _places(numbers: Iterable[Any], things: tuple[Thing, ...]) -> tuple[int, ...]:
    places = tuple(map(int, numbers))
    if places and not 0 <= min(places) <= max(places) < len(things):
        raise ValueError("it names a thing that it does not have")
    return places
