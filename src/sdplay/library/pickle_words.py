"""What a pickle names, read without following it: no line of it runs."""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Collection, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO

from sdplay.files.regular import open_regular

MOST_WORDS = 200_000  # of a pickle that are read
MOST_BYTES = 2**24
NAMING = {"GLOBAL", "INST"}  # the words that name a function or a class
PICKLES = 4  # one behind the other, in files of torch before 1.6


def first_call_outside(path: Path, modules: Collection[str]) -> str | None:
    """The first function or class in the pickle at `path` that none of `modules` has, as "module.name".

    None if there is none among its first words, and for a file that is damaged. Raises `OSError`.
    """
    with open_regular(path) as file:
        start = file.read(2)
    try:
        if start == b"PK":
            with zipfile.ZipFile(path) as archive:
                inside = next(name for name in archive.namelist() if name.endswith("data.pkl"))
                with archive.open(inside) as stream:
                    return next(_outside(BytesIO(stream.read(MOST_BYTES)), modules), None)
        with open_regular(path) as file:
            return next(_outside(BytesIO(file.read(MOST_BYTES)), modules), None)
    except (ValueError, zipfile.BadZipFile, StopIteration, NotImplementedError, EOFError, RuntimeError):
        return None


def _outside(stream: IO[bytes], modules: Collection[str]) -> Iterator[str]:
    for _ in range(PICKLES):
        for word, argument, _ in islice(pickletools.genops(stream), MOST_WORDS):
            if word.name in NAMING:
                module, _, name = str(argument).partition(" ")
                if module.partition(".")[0] not in modules:
                    yield f"{module}.{name}"
