"""The words of the page in the languages that it speaks: a folder a language, a file a view."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from sdplay.server.page.bundle import STATIC

WORDS = STATIC / "words"
ENGLISH = "en"


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
    """The language that somebody has `chosen`, or the first that the browser says it takes (`Accept-Language`)."""
    known = languages()
    if chosen in known:
        return chosen
    for each in accepted.split(",")[:20]:
        wanted = each.partition(";")[0].strip().lower()
        for name in known:
            if name.lower() == wanted or name.partition("-")[0].lower() == wanted.partition("-")[0]:
                return name
    return ENGLISH
