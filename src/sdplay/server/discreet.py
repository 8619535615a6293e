"""Folders of this computer are nobody else's business: taken out of what is told."""

from __future__ import annotations

import re

# An absolute path, which has two parts at least; not the end of a word (image/png), and not an address of our APIs.
FOLDER = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]|/(?!(?:api|sdapi|v1)/))(?:[^\s/\\'\"<>|:,;()]+[/\\])+")


def without_folders(text: str) -> str:
    """`text` with the name alone of every file that it gives an absolute path of."""
    return FOLDER.sub("", text)
