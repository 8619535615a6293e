"""What the prompts are at each step, and how hard each pulls.

`[from:to:when]` changes once, `[a|b]` takes turns. `when` is a number of steps, or a fraction of them if it has a dot:
with 10 steps `[cat:dog:3]` and `[cat:dog:0.3]` are a cat for 3 steps and a dog for 7. `[to:when]` adds, `[from::when]`
takes away. Brackets nest; any other bracket stays as it is written, for `attention` to read. If a picture is drawn in
two passes the second one goes on counting: `[cat:dog:1.5]` changes in its middle, and `[cat:dog:25]` at its fifth step,
if the first pass has 20.

`a cat AND a dog :0.7` is several prompts for one picture, each with its own pull.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from sdplay.prompts.attention import LARGEST_WEIGHT, NUMBER, check_depth, check_length, refused, weighted
from sdplay.prompts.lora_tags import lora_tags

MARK = re.compile(r"\\.|[()\[\]:|]|[^()\[\]:|\\]++|\\", re.DOTALL)
WHEN = WEIGHT = re.compile(rf"\s*+({NUMBER})\s*+")
AND = re.compile(r"\bAND\b")
FAR = 10**9  # more steps than anybody asks for
MOST_PARTS = 16  # each is a row more in every forward pass


@dataclass(frozen=True, slots=True)
class Change:
    """`before` for the first `when` steps (a fraction of all where `of_all`), then `after`."""

    before: Nodes
    after: Nodes
    when: float
    of_all: bool

    def now(self, step: int, steps: int, gone: int) -> Nodes:
        when = (self.when - bool(gone)) * steps if self.of_all else self.when - gone
        return self.before if step < int(when) else self.after


@dataclass(frozen=True, slots=True)
class Turns:
    """Each of `options` for one step, over and over."""

    options: tuple[Nodes, ...]

    def now(self, step: int, steps: int, gone: int) -> Nodes:
        return self.options[step % len(self.options)]


Nodes = tuple[str | Change | Turns, ...]


@dataclass(frozen=True, slots=True)
class PromptSchedule:
    """A text that may be another one at every step."""

    nodes: Nodes

    @property
    def steady(self) -> bool:
        """Whether it is the same text throughout."""
        return all(isinstance(node, str) for node in self.nodes)

    def at(self, step: int, steps: int, gone: int = 0) -> str:
        """The text at `step` (from 0) of `steps`; `gone` are the steps of the pass before this one."""
        return "".join(_texts(self.nodes, step, steps, gone))


def _texts(nodes: Nodes, step: int, steps: int, gone: int) -> list[str]:
    texts: list[str] = []
    for node in nodes:
        texts += [node] if isinstance(node, str) else _texts(node.now(step, steps, gone), step, steps, gone)
    return texts


def scheduled(text: str, field: str = "prompt") -> PromptSchedule:
    """Read the schedule in `text`; raises `BadRequest` naming `field` for brackets nested more than 64 deep."""
    check_length(text, field)
    outermost = _Bracket()
    open_ = [outermost]
    for mark in MARK.finditer(text):
        sign = mark[0]
        if sign == "[":
            open_.append(_Bracket())
            check_depth(len(open_), field, text)
        elif sign == "]" and len(open_) > 1:
            closed = open_.pop()
            open_[-1].nodes += closed.read()
        else:
            open_[-1].add(sign)
    while len(open_) > 1:  # never closed: as it is written
        unclosed = open_.pop()
        open_[-1].nodes += ("[", *unclosed.nodes)
    return PromptSchedule(_merged(outermost.nodes))


@dataclass(slots=True)
class _Bracket:
    """An open square bracket: what stands in it, and at which of its nodes `:` and `|` divide it."""

    nodes: list[str | Change | Turns] = field(default_factory=list["str | Change | Turns"])
    colons: list[int] = field(default_factory=list[int])
    bars: list[int] = field(default_factory=list[int])
    rounds: int = 0

    def add(self, sign: str) -> None:
        if sign in "()":
            self.rounds = max(self.rounds + (1 if sign == "(" else -1), 0)
        elif sign in ":|" and not self.rounds:  # inside round brackets a colon belongs to them
            (self.colons if sign == ":" else self.bars).append(len(self.nodes))
        self.nodes.append(sign)

    def read(self) -> Nodes:
        """What the bracket means, now that it is closed."""
        if self.colons and len(self.colons) <= 2:
            *parts, last = self.divided(self.colons)
            when = WHEN.fullmatch("".join(node for node in last if isinstance(node, str)))
            if when and all(isinstance(node, str) for node in last):
                before, after = parts if len(parts) == 2 else ((), parts[0])
                return (Change(before, after, float(when[1]), "." in when[1]),)
        if self.bars and not self.colons:
            return (Turns(tuple(self.divided(self.bars))),)
        return ("[", *self.nodes, "]")

    def divided(self, places: list[int]) -> list[Nodes]:
        edges = [-1, *places, len(self.nodes)]
        return [_merged(self.nodes[left + 1 : right]) for left, right in pairwise(edges)]


def _merged(nodes: list[str | Change | Turns]) -> Nodes:
    """`nodes` with neighbouring texts as one."""
    merged: list[str | Change | Turns] = []
    texts: list[str] = []
    for node in (*nodes, None):
        if isinstance(node, str):
            texts.append(node)
            continue
        if texts:
            merged.append("".join(texts))
            texts = []
        if node is not None:
            merged.append(node)
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the prompts that pull together, `weight` times as hard as one alone would."""

    words: PromptSchedule
    weight: float = 1.0


def composed(text: str, field: str = "prompt") -> tuple[Part, ...]:
    """The parts of `text` without its LoRAs, one where it has no `AND`; raises `BadRequest` naming `field` for more
    than 16.
    """
    check_length(text, field)
    text, _ = lora_tags(text, field)
    texts = AND.split(text)
    if len(texts) > MOST_PARTS:
        raise refused(f"joins {len(texts)} prompts with AND, and {MOST_PARTS} is the most", field, text)
    if len(texts) == 1:
        return (Part(scheduled(text, field)),)
    return tuple(_part(each, field) for each in texts)


def _part(text: str, field: str) -> Part:
    words, colon, number = text.rpartition(":")
    weight = WEIGHT.fullmatch(number) if colon else None
    if weight is None:
        return Part(scheduled(text.strip(), field))
    if not abs(float(weight[1])) <= LARGEST_WEIGHT:
        raise refused(f"the weight of a part is {weight[1]}, and {LARGEST_WEIGHT:.0f} is the most", field, text)
    return Part(scheduled(words.strip(), field), float(weight[1]))


def check_notation(prompt: str, negative: str) -> None:
    """Raise `BadRequest` for a prompt or negative prompt that holds more notation than is read."""
    for part in composed(prompt, "prompt"):
        _check_weights(part.words, "prompt")
    _check_weights(scheduled(negative, "negative_prompt"), "negative_prompt")


def _check_weights(words: PromptSchedule, field: str) -> None:
    """Brackets are read again at each step; the first one and one after every change stand for all."""
    for text in dict.fromkeys(words.at(step, FAR) for step in (0, FAR)):
        weighted(text, field)
