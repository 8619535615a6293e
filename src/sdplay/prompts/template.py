r"""Prompts with choices in them: `{a|b}`, `{2$$a|b|c}`, and wildcards `__name__`, drawn from a picture's own seed.

`{a|b}` is one of its options, `{3::a|b}` weighs them, `{2$$a|b|c}` is two different ones with commas between,
`{1-2$$ and $$a|b|c}` one or two with `and` between, `{2-$$a|b|c}` two or more, `{-2$$a|b|c}` at most two. `__name__`
is a line of the wildcard file `name.txt`; lines may hold choices and wildcards themselves. `{2$$__name__}` is two
different lines. `{@a|b}` and `__@name__` take their options in turn, by the seed: picture after picture of a batch; `~`
in that place changes nothing. Braces around a single wildcard mean nothing. All other braces without `|` or `$$`, and
those that are never closed, are characters, as are `\{`, `\}` and `\__`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sdplay.core.fields import LONGEST_PROMPT
from sdplay.core.seeding import SEEDS, derived_seed
from sdplay.prompts.attention import DEEPEST, check_depth, check_length, refused

MOST_CHOICES = 1_000
MOST_TOGETHER = 100
MARK = re.compile(
    r"\\__|\\[{}]|__([@~]?)((?:[^\W_]|\*)(?:[\w\-./* ]{0,97}?[\w\-./*])??)__|[{}|]|[^\\{}|_]++|.", re.DOTALL
)
SPECIAL = re.compile(r"[{}]|__")
SIGN = re.compile(r"\s*+([@~])")
COUNT = re.compile(r"\s*+(?:(\d{1,4})(-(\d{1,4})?)?|-(\d{1,4}))\s*+\$\$(?:([^${}|]*+)\$\$)?")
SHARE = re.compile(r"\s*+(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*+::")


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A line of the wildcard file of this name; `in_turn`: seed after seed another."""

    name: str
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One of the options of a choice; it is drawn in proportion to `share`."""

    share: float
    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Choice:
    """From `least` to `most` (None: all) different ones of `options`, with `between` between them; `in_turn`: the first
    of them by the seed. If several are drawn of a single wildcard, its lines are the options.
    """

    options: tuple[Option, ...]
    least: int = 1
    most: int | None = 1
    between: str = ", "
    in_turn: bool = False


Nodes = tuple[str | Wildcard | Choice, ...]
Wildcards = Mapping[str, Sequence[str]]


def template(text: str, field: str = "prompt") -> Nodes:
    """Read the choices in `text`; raises `BadRequest` naming `field` for braces nested more than 64 deep, and for a
    choice of more different options than it has.
    """
    check_length(text, field)
    if not SPECIAL.search(text):
        return (text,)
    open_ = [_Brace()]
    for mark in MARK.finditer(text):
        found = mark[0]
        if found == "{":
            open_.append(_Brace())
            check_depth(len(open_), field, text)
        elif found == "}" and len(open_) > 1:
            closed = open_.pop()
            open_[-1].nodes += closed.read(field, text)
        elif mark[2]:
            open_[-1].nodes.append(Wildcard(mark[2], in_turn=mark[1] == "@"))
        else:
            open_[-1].add(found)
    while len(open_) > 1:
        unclosed = open_.pop()
        open_[-1].nodes += ("{", *unclosed.nodes)
    return tuple(open_[0].nodes)


@dataclass(slots=True)
class _Brace:
    """An open brace: what stands in it, and at which of its nodes `|` divides it."""

    nodes: list[str | Wildcard | Choice] = field(default_factory=list["str | Wildcard | Choice"])
    bars: list[int] = field(default_factory=list[int])

    def add(self, found: str) -> None:
        if found == "|":
            self.bars.append(len(self.nodes))
        self.nodes.append(found[1:] if found in (r"\{", r"\}", r"\__") else found)

    def read(self, field: str, text: str) -> Nodes:
        """What the brace means, now that it is closed."""
        edges = [-1, *self.bars, len(self.nodes)]
        first, *others = (self.nodes[a + 1 : b] for a, b in pairwise(edges))
        sign, first = _headed(SIGN, first)
        count, first = _headed(COUNT, first)
        if count is None and not others:
            only = lone_wildcard(self.nodes)
            return (only,) if only is not None else ("{", *self.nodes, "}")
        options = tuple(_option(each) for each in (first, *others))
        in_turn = sign is not None and sign[1] == "@"
        if count is None:
            return (Choice(options, in_turn=in_turn),)
        least = int(count[1] or 1)
        most = int(count[3] or count[4]) if count[3] or count[4] else None if count[2] else least
        among = MOST_TOGETHER if most != 1 and lines_of(options) is not None else len(options)
        check_count(least, most, among, field, text)
        return (Choice(options, least, most, ", " if count[5] is None else count[5], in_turn),)


def lone_wildcard(nodes: Sequence[str | Wildcard | Choice]) -> Wildcard | None:
    """The wildcard that is all there is in `nodes`, but for spaces."""
    held = [node for node in nodes if not isinstance(node, str) or node.strip()]
    return held[0] if len(held) == 1 and isinstance(held[0], Wildcard) else None


def lines_of(options: Sequence[Option]) -> Wildcard | None:
    """The wildcard whose lines are meant by `options`."""
    return lone_wildcard(options[0].nodes) if len(options) == 1 else None


def check_count(least: int, most: int | None, among: int, field: str, text: str) -> None:
    """Raise `BadRequest` naming `field` for so many different options `among` so many."""
    most = among if most is None else most
    if not least <= most <= among:
        reason = f"draws {least} to {most} of {among} options at once"
        raise refused(reason, field, text, "draw as many as there are, or fewer")
    if most > MOST_TOGETHER:
        raise refused(f"draws {most} options at once, and {MOST_TOGETHER} is the most", field, text)


def _headed(
    pattern: re.Pattern[str], nodes: list[str | Wildcard | Choice]
) -> tuple[re.Match[str] | None, list[str | Wildcard | Choice]]:
    """What `pattern` finds at the beginning of `nodes`, and the nodes after that."""
    texts = 0
    while texts < len(nodes) and isinstance(nodes[texts], str):
        texts += 1
    text = "".join(str(node) for node in nodes[:texts])
    found = pattern.match(text)
    return found, ([text[found.end() :], *nodes[texts:]] if found else nodes)


def _option(nodes: list[str | Wildcard | Choice]) -> Option:
    share, nodes = _headed(SHARE, nodes)
    return Option(float(share[1]) if share else 1.0, tuple(nodes))


def wildcard_names(nodes: Nodes) -> Iterator[str]:
    """The names of all wildcards in a template, in every branch of it."""
    for node in nodes:
        if isinstance(node, Wildcard):
            yield node.name
        elif isinstance(node, Choice):
            for option in node.options:
                yield from wildcard_names(option.nodes)


def resolved(text: str, wildcards: Wildcards, seed: int, field: str = "prompt") -> str:
    """`text` with every choice made: a pure function of its arguments.

    Raises `BadRequest` naming `field` for a wildcard that is not in `wildcards`, for one that leads to itself, and if
    more than 32,000 characters come of it.
    """
    nodes = template(text, field)
    if all(isinstance(node, str) for node in nodes):
        return "".join(map(str, nodes))
    drawing = _Drawing(text, wildcards, seed, field)
    return "".join(drawing.texts(nodes, 0))


def unknown_hint(known: Iterable[str]) -> str:
    """What to do about a wildcard that is not there."""
    return rf"known: {', '.join(sorted(known)[:20]) or 'none'}; write \__ where the characters themselves are meant"


@dataclass(slots=True)
class _Drawing:
    """One pass over a template: choice number n is drawn from the hash of the seed and n."""

    text: str
    wildcards: Wildcards
    seed: int
    where: str
    drawn: int = 0
    made: int = 0
    length: int = 0
    shares: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def texts(self, nodes: Nodes, depth: int) -> Iterator[str]:
        """The texts that come of `nodes`."""
        if depth > DEEPEST:
            raise refused("a wildcard in it leads to itself, on and on", self.where, self.text, "break the circle")
        for node in nodes:
            if isinstance(node, str):
                self.length += len(node)
                if self.length > LONGEST_PROMPT:
                    reason = f"more than {LONGEST_PROMPT:,} characters come of its wildcards"
                    raise refused(reason, self.where, self.text)
                yield node
                continue
            self.made += 1
            if self.made > MOST_CHOICES:
                raise refused(f"more than {MOST_CHOICES:,} choices come of its wildcards", self.where, self.text)
            yield from self.line(node, depth) if isinstance(node, Wildcard) else self.choice(node, depth)

    def line(self, wildcard: Wildcard, depth: int) -> Iterator[str]:
        lines = self.lines(wildcard.name)
        name = wildcard.name
        if name not in self.shares:
            found = map(SHARE.match, lines)
            self.shares[name] = [float(share[1]) if share else 1.0 for share in found]
        line = template(lines[self.pick(self.shares[name], wildcard.in_turn)], self.where)
        yield from self.texts(_option(list(line)).nodes, depth + 1)

    def lines(self, name: str) -> Sequence[str]:
        """The lines of a wildcard."""
        lines = self.wildcards.get(name)
        if not lines:
            reason = f"there is no wildcard __{name}__"
            raise refused(reason, self.where, self.text, unknown_hint(self.wildcards))
        return lines

    def choice(self, choice: Choice, depth: int) -> Iterator[str]:
        left, meant = list(choice.options), lines_of(choice.options)
        if meant is not None and choice.most != 1:
            left = [_option(list(template(line, self.where))) for line in self.lines(meant.name)]
            check_count(choice.least, choice.most, len(left), self.where, self.text)
            depth += 1
        most = len(left) if choice.most is None else choice.most
        count = choice.least + self.pick([1.0] * (most - choice.least + 1))
        for number in range(count):
            if number:
                yield choice.between
            option = left.pop(self.pick([option.share for option in left], choice.in_turn and not number))
            yield from self.texts(option.nodes, depth + 1)

    def pick(self, shares: Sequence[float], in_turn: bool = False) -> int:
        """A place in `shares`, drawn in proportion to them, all alike if they are all 0; `in_turn`: by the seed."""
        if len(shares) == 1:
            return 0
        if in_turn:
            return self.seed % len(shares)
        self.drawn += 1
        total = sum(shares)
        if total == 0:
            shares, total = [1.0] * len(shares), float(len(shares))
        left = derived_seed(self.seed, f"choice in {self.where}", self.drawn) / SEEDS * total
        for place, share in enumerate(shares):
            left -= share
            if left < 0:
                return place
        return max(place for place, share in enumerate(shares) if share > 0)
