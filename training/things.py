"""The things the model is taught: names as people type them, and which drawings show each.

`concepts.txt` names the best known ones by hand. All other drawings get their names here by rule, so that a new version
of the art packages brings new things without new lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from training.art import STYLES, Concept, Drawing, read_concepts

OTHERS = 0.2  # how often a further drawing comes: two of one thing under the same words become a mixture of both
MORE = Path(__file__).with_name("more_things.txt")
LEFT_OUT = re.compile(
    r"^(keycap|input |family|kiss: |couple with heart: |person: |people with|(wo)?men with bunny|circled|Japanese “)"
    r"|button|blood type|facing right|^(BACK|END|ON!|SOON|TOP) |[- ]thirty$|o’clock$|twelve-thirty"
    r"|^(red|orange|yellow|green|blue|purple|brown|black|white) (circle|square|large|medium|small)"
    r"|(large|medium-small|medium|small) square$|^(part alternation|curly loop|double curly|wavy dash|hollow red|minus)"
    r"|middle finger|breast-feeding|cigarette|Mx Claus"
)
ROLE = re.compile(r"^(?:wo)?man (?!in manual|in motorized)(?P<role>.+)$")


@dataclass(frozen=True, slots=True)
class Shape:
    """One drawing of a thing: its row in the art, its style, and the narrower name it has, if any ("dog face")."""

    row: int
    style: str
    name: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Thing:
    """What a person can ask for: `concept` with its names, every drawing of it, and how it may be shown.

    `rank` counts from 0 in the order of how well known the things are. None is ever mirrored: a network that
    may draw a deer looking left or right draws one with two heads.
    """

    rank: int
    concept: Concept
    group: str
    emoji: str
    shapes: tuple[Shape, ...]
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.concept.name

    def in_style(self, style: str) -> list[Shape]:
        return [shape for shape in self.shapes if shape.style == style]


def more_lines(path: Path = MORE) -> list[list[str]]:
    """Lines `name | label, label, ... | other names | own colour`: further drawings, or a better name."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [[part.strip() for part in line.split("|")] for line in lines]


def parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def plain(label: str) -> str:
    """A label of emojibase as somebody would type it."""
    return re.sub(r"\s+", " ", label.lower().replace("’", "'").replace("“", "").replace("”", "")).strip()


def all_concepts(labels: Iterable[str]) -> list[tuple[Concept, tuple[str, ...]]]:
    """(concept, labels of further drawings) of every thing, the best known first; each label belongs to one thing."""
    left = dict.fromkeys(label for label in labels if not LEFT_OUT.search(label))
    known = read_concepts(later=True)
    more = {line[0]: line for line in more_lines()}
    found: list[tuple[Concept, tuple[str, ...]]] = []
    for concept in known:
        further = parts(more.pop(concept.name, ["", ""])[1])
        found.append((concept, further))
    for name, line in more.items():
        first, *further = parts(line[1])
        others, colour = [*line[2:], "", ""][:2]
        found.append((Concept(name, first, colour or None, parts(others)), tuple(further)))
    for concept, further in found:
        for label in (concept.label, *further):
            left.pop(label, None)
    roles = {label: match["role"] for label in left if (match := ROLE.match(label))}
    for label in left:
        if label in roles and (roles[label] in left or f"person {roles[label]}" in left):
            continue
        role = label.removeprefix("person ")
        variants = tuple(name for name in (f"man {role}", f"woman {role}") if name in roles)
        found.append((Concept(plain(label), label), variants))
    return joined(found)


def joined(found: list[tuple[Concept, tuple[str, ...]]]) -> list[tuple[Concept, tuple[str, ...]]]:
    """One thing for each name: a later one of the same name gives its drawings to the first; no synonym is a name."""
    names = {concept.name for concept, _ in found}
    kept: dict[str, tuple[Concept, tuple[str, ...]]] = {}
    for concept, further in found:
        if concept.name in kept:
            first, labels = kept[concept.name]
            kept[concept.name] = (first, (*labels, concept.label, *further))
        else:
            synonyms = tuple(word for word in concept.synonyms if word not in names)
            kept[concept.name] = (replace(concept, synonyms=synonyms), further)
    return list(kept.values())


def things(drawings: list[Drawing]) -> list[Thing]:
    """Every thing that has a drawing in at least two styles."""
    rows: dict[str, list[int]] = {}
    for row, drawing in enumerate(drawings):
        rows.setdefault(drawing.label, []).append(row)
    made: list[Thing] = []
    for concept, further in all_concepts(rows):
        shapes: list[Shape] = []
        for label in (concept.label, *further):
            narrow = plain(label) if further and plain(label) != concept.name else None
            for row in rows.get(label, []):
                share = (OTHERS if drawings[row].number else 1.0) * (OTHERS if label != concept.label else 1.0)
                shapes.append(Shape(row, drawings[row].style, narrow, share))
        if len({shape.style for shape in shapes}) < len(STYLES) - 1:
            continue
        first = drawings[shapes[0].row]
        tags = tuple(t for t in first.tags if 2 < len(t) <= 20 and t.isascii())
        made.append(Thing(len(made), concept, first.group, first.emoji, tuple(shapes), tags))
    return made


def without(all_things: list[Thing], rows: Iterable[int]) -> list[Thing]:
    """The things without some drawings; a thing that has none left is left out."""
    gone = {int(row) for row in rows}
    kept = [replace(thing, shapes=tuple(s for s in thing.shapes if s.row not in gone)) for thing in all_things]
    return [thing for thing in kept if thing.shapes]
