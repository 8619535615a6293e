"""Which words of a prompt a model with a list of things was never taught, and what else of it it cannot draw."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sdplay.core.sample import PromptPair
from sdplay.library.things import Things, Tokens, forms_of, tokens
from sdplay.prompts.attention import weighted
from sdplay.prompts.composition import composed
from sdplay.prompts.lora_tags import word_pattern

READ_PAST = {
    # what says nothing that is seen
    "small": "a an the this that these those some any one my your his her its our their of on in at with and or to "
    "from by for as is are be it into onto over near very so no not without up down out off there here",
    # what people write for a style or for quality: it is no thing, whether the model follows it or not
    "style": "style styled render rendering rendered drawing drawn illustration illustrated icon icons emoji image "
    "picture photo photograph photography photorealistic realistic painting painted sketch art artwork "
    "artistic digital vector design graphic simple minimal minimalist clean plain solid background cute "
    "nice beautiful pretty masterpiece best high quality resolution detailed detail details highly ultra "
    "sharp focus 3d 2d 4k 8k hd uhd hdr cinematic lighting bright dark colorful colourful colored "
    "coloured color colour light artstation trending concept close closeup view centered isolated flat "
    "cartoon octane unreal engine studio professional awesome amazing intricate",
}
PAST = frozenset(word for words in READ_PAST.values() for word in words.split())
# Words for numbers, sizes and places: a model that follows them has such a kind of words in its list.
FOLLOWED = {
    "number": "two three four five six seven eight nine ten eleven twelve twenty several many few pair couple dozen "
    "both hundred",
    "size": "big bigger biggest large huge giant small smaller smallest little tiny",
    "side": "left right above below under behind beside next between",
}
KIND_OF = {word: kind for kind, words in FOLLOWED.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Understood:
    """What is made of a text: the words that are `unknown`, those for numbers, sizes and places that are not followed,
    and the names of the `things` in it.
    """

    unknown: tuple[str, ...]
    not_followed: tuple[str, ...]
    things: tuple[str, ...]


def understood(text: str, things: Things, known: Collection[str] = ()) -> Understood:
    """What a model that was taught `things` makes of `text`; `known` are other words that mean something to it."""
    if known:
        text = word_pattern(known).sub(" , ", text)
    words, place = tokens(text), 0
    unknown: dict[str, None] = {}
    not_followed: dict[str, None] = {}
    named: dict[str, None] = {}
    while place < len(words):
        found, length = longest_phrase(words[place : place + max(things.longest, 1)], things)
        word = words[place]
        if isinstance(found, int):
            named[things.things[found].name] = None
        elif found is None and (kind := kind_of(word)):
            not_followed |= {word: None} if kind not in things.words else {}
        elif found is None and word not in PAST and not word[0].isdecimal():
            unknown[word] = None
        place += length
    return Understood(tuple(unknown), tuple(not_followed), tuple(named))


def kind_of(word: str) -> str:
    """Whether a word is for a number, a size or a place, "" for none of them."""
    return KIND_OF.get(word, "number" if word.isdecimal() and word not in ("0", "1") else "")


def longest_phrase(words: Tokens, things: Things) -> tuple[int | str | None, int]:
    """(what the longest phrase is that `words` begin with, its length in words); (None, 1) where they begin with none.

    Its last word may be one or several of what is known.
    """
    most = len(words) if words[0] in things.openings else 1
    for length in range(min(things.longest, most), 0, -1):
        *before, last = words[:length]
        for form in forms_of(last):
            found = things.phrases.get((*before, form))
            if found is not None and (form == last or isinstance(found, int)):
                return found, length
    return None, 1


def read_texts(words: PromptPair, steps: int) -> Iterator[str]:
    """Each text that a prompt is at some of its `steps`, without its notation."""
    if words.syntax == "plain":
        yield words.prompt
        return
    for part in composed(words.prompt):
        texts = (part.words.at(step, steps) for step in range(1 if part.words.steady else steps))
        for text in dict.fromkeys(texts):
            yield " , ".join("".join(each.text for each in section) for section in weighted(text))
