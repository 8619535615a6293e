"""What a picture is found by: its words as they are kept, and what somebody types to find it."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import PurePosixPath

MOST = 2000  # characters of a prompt
ASKED = re.compile(r'(-?)"([^"]+)"?|(\S+)')


def folded(text: str) -> str:
    """`text` in which upper and lower case, and full and half width, are the same."""
    return unicodedata.normalize("NFKC", text.casefold())


def search_words(prompt: str, negative: str, model: str, seed: int, file: str, program: str, created: float) -> str:
    """All that a picture is looked for by, one a line: the prompts, the model, the seed, the day, the file's name."""
    day = datetime.fromtimestamp(created).strftime("%Y-%m-%d")
    return folded("\n".join((prompt[:MOST], negative[:MOST], model, str(seed), day, PurePosixPath(file).name, program)))


def asked_words(text: str) -> tuple[list[str], list[str]]:
    """(the words that are asked for, those that must not be there): `red "on a table" -dog`."""
    wanted, unwanted = list[str](), list[str]()
    for minus, phrase, word in ASKED.findall(folded(text)):
        if phrase:
            (unwanted if minus else wanted).append(phrase)
        elif word.startswith("-") and len(word) > 1:
            unwanted.append(word[1:])
        else:
            wanted.append(word)
    return wanted, unwanted
