"""The words of the page in the languages that it speaks: a folder a language, a file a view."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sdplay.server.page.bundle import STATIC

WORDS = STATIC / "words"
ENGLISH = "en"
MOST_ACCEPTED = 20
WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)")
TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})  # Chinese in characters that are not those of zh-Hans


def languages() -> list[str]:
    """The languages that are there, English first."""
    return [ENGLISH, *sorted(path.name for path in WORDS.iterdir() if path.is_dir() and path.name != ENGLISH)]


def words_of(language: str) -> dict[str, str]:
    """Every word by its key (`draw.queue` is `queue` in draw.json); in English where the language has none."""
    return {**read_folder(WORDS / ENGLISH), **(read_folder(WORDS / language) if language != ENGLISH else {})}


def read_folder(folder: Path) -> dict[str, str]:
    """The words of the files of one language."""
    files = sorted(folder.glob("*.json"))
    return {key: word for path in files for key, word in read_file(path, path.stat().st_mtime_ns).items()}


@cache
def read_file(path: Path, changed: int) -> dict[str, str]:
    """The words of one file in the state that it had at `changed`."""
    return {f"{path.stem}.{key}": word for key, word in json.loads(path.read_bytes()).items()}


def preferred(chosen: str | None, accepted: str) -> str:
    """The language that somebody has `chosen`, or the one that the browser likes best (`Accept-Language`)."""
    known = languages()
    if chosen in known:
        return chosen
    found = (spoken(tag, known) for tag in in_order_of_liking(accepted))
    return next(filter(None, found), ENGLISH)


def in_order_of_liking(accepted: str) -> list[str]:
    """The tags of an `Accept-Language` in lower case, best liked first, without those that are not wanted (q=0)."""
    liked = [tag_and_liking(each) for each in accepted.split(",")[:MOST_ACCEPTED]]
    return [tag for tag, liking in sorted(liked, key=lambda each: -each[1]) if tag and liking > 0]


def tag_and_liking(text: str) -> tuple[str, float]:
    """`de-AT;q=0.8` as ("de-at", 0.8); a weight that is no number counts as none."""
    tag, _, weight = text.partition(";")
    said = WEIGHT.fullmatch(weight.strip())
    return tag.strip().lower(), float(said[1]) if said else 0.0 if weight.strip() else 1.0


def spoken(tag: str, known: Iterable[str]) -> str | None:
    """The known language that somebody who asks for `tag` reads: de for de-at, zh-Hans for zh and zh-cn, and not for
    zh-tw, where other characters are written.
    """
    language, _, rest = tag.partition("-")
    traditional = language == "zh" and not TRADITIONAL.isdisjoint(rest.split("-"))
    return next((name for name in known if name.partition("-")[0] == language and not traditional), None)
