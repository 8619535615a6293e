"""What the things are called: English names, emoji, and the names in every language of emojibase, as one table.

The table (`things.json` in the model's folder) says which thing a word or an emoji stands for; who reads a prompt can
put the English name in its place. The network itself is taught English only. Beside the names stand the other words
that it reads, what words are related to a thing, and how many things it draws in one picture (`training.related`).
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from training.art import Drawing, hexcode, load_art
from training.export import BUILTIN
from training.fetch import fetch, read_sources
from training.foreign import CHOSEN, GRAMMAR
from training.pictures import BEST_KNOWN, KNOWN
from training.related import keywords_of, read_words, related_words
from training.things import Thing, things

FEW = 3  # a tag that no more things share than this may stand for one of them,
MOST_COMPOSED = 2  # things in one picture
FURTHER = 0.2  # doubt whether the name of a further drawing names the thing
SHORT, MANY = 4, 12  # and so may one of a thing with few tags, if not too many share it
ENGLISH = {"en", "en-gb"}
LOOKS = ("\ufe0f", "\ufe0e")
SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


def bare(emoji: str) -> str:
    """An emoji without what only changes its look: variation selectors and skin tones."""
    for look in LOOKS:
        emoji = emoji.replace(look, "")
    return SKIN_TONES.sub("", emoji)


def beginning(word: str) -> str:
    """What two forms of a word are likely to share: two letters of a short one, three of others."""
    return word[: 2 if len(word) <= 3 else 3]


def akin(tag: str, label: str) -> bool:
    """Whether a tag is a form of a word of the label: "кот" of "морда кошки", "猫" of "猫の顔"."""
    if tag in label:
        return True
    if not tag.isascii() and len(tag) < 3 and any(ord(letter) > 0x2E80 for letter in tag):
        return False  # one or two signs of Chinese, Japanese, Korean: they are whole words
    return any(token.startswith(beginning(tag)) for token in re.split(r"[\s\-:,’']+", label))


Rows = dict[str, tuple[str, tuple[str, ...]]]  # hexcode -> label, tags


def language(folder: Path) -> Rows:
    """Labels and tags of a language of emojibase in lower case, by the emoji's code points."""
    rows = json.loads((folder / "data.json").read_text())
    return {
        hexcode(row["hexcode"]): (row["label"].lower(), tuple(str(tag).lower() for tag in row.get("tags") or ()))
        for row in rows
    }


def words_of(label: str) -> float:
    """How long a label is, in words; two signs of Chinese or Japanese count as one."""
    wide = sum(ord(letter) > 0x2E80 for letter in label)
    return wide / 2 if wide > len(label) / 2 else len(label.split())


def doubt(tag: str, label: str, tags: int, rank: int, shared: int) -> float | None:
    """How doubtful it is that a tag names a thing, 0 and up; None where it surely does not."""
    if tag == label:
        return 0.0 if rank < KNOWN else 0.4
    known = 0.0 if rank < BEST_KNOWN else 0.15 if rank < KNOWN else 0.45
    if akin(tag, label):
        return 0.3 + 0.3 * (words_of(label) - 1) + 0.02 * tags + known
    if shared <= FEW or (tags <= SHORT and shared <= MANY):
        return 0.6 + 0.12 * tags + known
    return None


def typed(name: str) -> bool:
    """Whether somebody might type this as the name of a thing: neither a single letter nor half a sentence."""
    return (1 if name.isascii() else 0) < len(name) <= 26 and len(name.split()) <= 3


def foreign_names(codes: list[list[str]], rows: Rows, taken: Iterable[str], chosen: dict[str, int]) -> dict[str, int]:
    """Which thing each word of a language stands for; `codes` are the emoji of each thing, the first its own.

    Labels come first, then tags that are forms of a word of the label or that few things share. `taken` words (colours,
    numbers, sides) stand for no thing; what `chosen` says goes over all.
    """
    no_things = set(taken)
    shared = Counter(tag for own in codes for code in own[:1] if code in rows for tag in set(rows[code][1]))
    least: dict[str, tuple[float, int]] = {}
    for number, own in enumerate(codes):
        for place, code in enumerate(code for code in own if code in rows):
            label, tags = rows[code]
            for name in dict.fromkeys([*re.split(r"\s*,\s*", label), label, *tags]):
                how = doubt(name, label, len(tags), number, shared[name])
                if how is None or name in no_things or not typed(name):
                    continue
                how += FURTHER * min(place, 1)
                if name not in least or how < least[name][0]:
                    least[name] = (how, number)
    return {name: number for name, (_, number) in least.items()} | chosen


def table(all_things: list[Thing], drawings: list[Drawing], emojibase: Path) -> dict[str, Any]:
    """The whole table; all words are in lower case."""
    codes: list[list[str]] = []
    emoji: list[list[str]] = []
    firsts = {bare(drawings[thing.shapes[0].row].emoji) for thing in all_things}  # a fried shrimp is a dish of its own
    for thing in all_things:
        first, *more = dict.fromkeys(bare(drawings[shape.row].emoji) for shape in thing.shapes)
        own = [first, *(one for one in more if one not in firsts)]
        emoji.append(own)
        codes.append(["-".join(f"{ord(letter):x}" for letter in one) for one in own])
    entries = [
        {
            "name": thing.name,
            "emoji": emoji[number],
            "group": thing.group,
            "synonyms": [*thing.concept.synonyms, *sorted({s.name for s in thing.shapes if s.name} - {thing.name})],
            "colour": thing.concept.colour,
        }
        for number, thing in enumerate(all_things)
    ]
    places = {thing.name: number for number, thing in enumerate(all_things)}
    names: dict[str, dict[str, int]] = {}
    for folder in sorted(path for path in emojibase.iterdir() if (path / "data.json").exists()):
        grammar = GRAMMAR.get(folder.name, {})
        said = {word.lower() for words in grammar.values() for word in words}
        if folder.name not in ENGLISH:
            chosen = {w: places[name] for w, name in CHOSEN.get(folder.name, {}).items() if name in places}
            names[folder.name] = foreign_names(codes, language(folder), said, chosen)
    return {"things": entries, "names": names, "grammar": GRAMMAR}


def with_words(found: dict[str, Any], src: dict[str, Path], *, composed: bool) -> dict[str, Any]:
    """`found` with the words that the model reads besides names, and those that are related to a thing."""
    rows = json.loads((src["emojibase-data"] / "en" / "data.json").read_text())
    tags = {bare(row["emoji"]): [str(tag) for tag in row.get("tags") or ()] for row in rows}
    said = json.loads((src["emojilib"] / "dist" / "emoji-en-US.json").read_text())
    keywords = {bare(emoji): words for emoji, words in said.items()}
    things = found["things"]
    related = related_words(
        [[thing["name"], *thing["synonyms"]] for thing in things],
        [keywords_of(thing["emoji"], tags, keywords) for thing in things],
    )
    most = MOST_COMPOSED if composed else 1
    return found | {"most_things": most, "words": read_words(composed=composed), "related": related}


def written(found: dict[str, Any]) -> str:
    """The table as JSON, a thing and a language a line, so that a change can be read."""
    lines = [json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in found["things"]]
    parts = [f'{{"most_things":{found["most_things"]},\n"things":[\n' + ",\n".join(lines) + "\n]"]
    parts.append('"related":' + json.dumps(found["related"], ensure_ascii=False, separators=(",", ":")))
    for key in ("words", "names", "grammar"):
        rows = [
            f"{json.dumps(tongue)}:{json.dumps(words, ensure_ascii=False, separators=(',', ':'))}"
            for tongue, words in found[key].items()
        ]
        parts.append(f'"{key}":{{\n' + ",\n".join(rows) + "\n}")
    return ",\n".join(parts) + "}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--folder", type=Path, default=BUILTIN)
    parser.add_argument("--first", type=int, help="only so many things, the best known: what the model was taught")
    parser.add_argument("--composed", action="store_true", help="the model was taught pairs, numbers and scenes")
    asked = parser.parse_args()
    packages = {package.name: fetch(package, asked.work / "src") for package in read_sources()}
    _, drawings = load_art(asked.work)
    taught = things(drawings)[: asked.first]
    found = with_words(table(taught, drawings, packages["emojibase-data"]), packages, composed=asked.composed)
    (asked.folder / "things.json").write_text(written(found))
    words = sum(len(words) for words in found["names"].values())
    print(f"{len(taught)} things, {words} words of {len(found['names'])} languages -> {asked.folder / 'things.json'}")


if __name__ == "__main__":
    main()
