r"""How much each word counts: `(word)`, `((word))`, `[word]`, `(word:1.3)`, and `BREAK`, which ends a chunk.

A round bracket multiplies the weight of what is inside by 1.1, a square one divides it by 1.1, `(word:1.3)` multiplies
it by 1.3; nesting multiplies. `\(`, `\)`, `\[`, `\]` and `\\` are the characters themselves; any other backslash is
left out. A bracket that is never closed ends with the text, one that was never opened is a character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LONGEST_PROMPT

DEEPEST = 64
LARGEST_WEIGHT = 100.0
AS_IT_STANDS = "or draw the text as it stands with `prompt_syntax=plain`"
PLAIN = f"write fewer, {AS_IT_STANDS}"
WEIGHTS = f"take weights from -{LARGEST_WEIGHT:.0f} to {LARGEST_WEIGHT:.0f} (nested ones multiply), {AS_IT_STANDS}"

ROUND, SQUARE = 1.1, 1 / 1.1

# Quantifiers are possessive, so that no text takes more than linear time.
NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)"
MARK = re.compile(rf"\\[()\[\]\\]|:\s*+({NUMBER})\s*+\)|[()\[\]\\:]|[^()\[\]\\:]++")
BREAK = re.compile(r"\bBREAK\b")
SPECIAL = re.compile(r"[()\[\]\\]|\bBREAK\b")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of text whose words all have one `weight`; 1 is as usual."""

    text: str
    weight: float = 1.0


Section = tuple[Fragment, ...]


@dataclass(slots=True)
class _Reader:
    """The pieces found so far, [text, weight], a list for each section, and where brackets were opened."""

    pieces: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    weights: list[float] = field(default_factory=list[float])
    section: int = 0
    opened: dict[str, list[int]] = field(default_factory=lambda: {"(": [], "[": []})

    def add(self, text: str) -> None:
        self.pieces.append((text, self.section))
        self.weights.append(1.0)

    def add_words(self, text: str) -> None:
        first, *others = BREAK.split(text)
        self.add(first)
        for other in others:
            self.section += 1
            self.add(other)

    def open(self, bracket: str) -> int:
        """Note where `bracket` opens; returns how many are open now."""
        self.opened[bracket].append(len(self.pieces))
        return sum(map(len, self.opened.values()))

    def close(self, bracket: str, factor: float) -> bool:
        """Multiply what stands since the last `bracket`; False where none is open."""
        if not self.opened[bracket]:
            return False
        for place in range(self.opened[bracket].pop(), len(self.pieces)):
            self.weights[place] *= factor
        return True

    def sections(self) -> tuple[Section, ...]:
        """The pieces by section; neighbours of one weight are one fragment."""
        sections: list[list[Fragment]] = [[] for _ in range(self.section + 1)]
        for (text, section), weight in zip(self.pieces, self.weights, strict=True):
            before = sections[section]
            if before and before[-1].weight == weight:
                before[-1] = Fragment(before[-1].text + text, weight)
            elif text:
                before.append(Fragment(text, weight))
        return tuple(map(tuple, sections))


def weighted(text: str, field: str = "prompt") -> tuple[Section, ...]:
    """`text` as sections, one more than it has `BREAK`s, each of fragments with their weights.

    Raises `BadRequest` naming `field` for brackets nested more than 64 deep and for weights beyond ±100.
    """
    check_length(text, field)
    if not SPECIAL.search(text):
        return ((Fragment(text),) if text else (),)
    reader = _Reader()
    for mark in MARK.finditer(text):
        _read(reader, mark, field, text)
    for bracket, factor in (("(", ROUND), ("[", SQUARE)):
        while reader.close(bracket, factor):
            pass
    beyond = [weight for weight in reader.weights if not abs(weight) <= LARGEST_WEIGHT]
    if beyond:
        raise refused(f"a weight in it comes to {max(beyond, key=abs):.5g}", field, text, WEIGHTS)
    return reader.sections()


def _read(reader: _Reader, mark: re.Match[str], field: str, text: str) -> None:
    sign, weight = mark[0], mark[1]
    if sign in ("(", "["):
        check_depth(reader.open(sign), field, text)
    elif weight is not None:
        if not reader.close("(", float(weight)):
            reader.add(sign)
    elif sign in (")", "]"):
        bracket, factor = ("(", ROUND) if sign == ")" else ("[", SQUARE)
        if not reader.close(bracket, factor):
            reader.add(sign)
    elif sign[0] == "\\":
        reader.add(sign[1:])  # a backslash before anything else is dropped, as in A1111: `hatsune\_miku`
    else:
        reader.add_words(sign)


def refused(reason: str, field: str, text: str, hint: str = PLAIN) -> BadRequest:
    return BadRequest(reason, field=field, value=text, hint=hint)


def check_length(text: str, field: str) -> None:
    """Raise `BadRequest` for a text of more than 32,000 characters, before anything is made of it."""
    if len(text) > LONGEST_PROMPT:
        reason = f"has {len(text):,} characters, and {LONGEST_PROMPT:,} is the most that is read"
        raise refused(reason, field, text, "write fewer")


def check_depth(depth: int, field: str, text: str) -> None:
    """Raise `BadRequest` for brackets nested more than 64 deep."""
    if depth > DEEPEST:
        raise refused(f"its brackets are nested more than {DEEPEST} deep", field, text)
