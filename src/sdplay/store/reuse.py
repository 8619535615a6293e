"""Pictures that are there already: found by what they were drawn from, and taken only when their pixels prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.core.artifact import pixel_digest
from sdplay.core.errors import BadRequest
from sdplay.core.recipe import Recipe, picture_key
from sdplay.imaging.metadata import SUFFIXES, own_chunk, parse_chunk
from sdplay.store.keep import NUMBERED, UNREADABLE, opened

LOSSLESS = frozenset(suffix for kind, suffix in SUFFIXES.items() if kind != "jpeg")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reusable:
    """The file at `path` holds the picture with this key, and these pixels."""

    key: str
    path: Path
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Changed:
    """The file at `path` says that it holds a picture that is wanted, but its pixels are others now."""

    path: Path


def reusable(folder: Path, wanted: Iterable[tuple[Recipe, int]]) -> Iterator[Reusable | Changed]:
    """The pictures `wanted` (each a recipe and an index) that are kept in `folder`, each once, file by file.

    Only what is kept without loss can prove its pixels, so JPEG files are never taken. Of files with names as a
    `Keeper` gives them only those are opened whose seed is one of the wanted.
    """
    seeds: dict[str, int] = {picture_key(recipe, index): recipe.seed + index for recipe, index in wanted}
    names = set(map(str, seeds.values()))
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.casefold() not in LOSSLESS or not maybe(path, names):
            continue
        said = key_and_digest(path)
        if said is None or said[0] not in seeds:
            continue
        pixels = proved(path, said[1])
        if pixels is None:
            yield Changed(path)
            continue
        del seeds[said[0]]
        yield Reusable(key=said[0], path=path, pixels=pixels)


def maybe(path: Path, seeds: set[str]) -> bool:
    """Whether a file's name allows that it holds a picture with one of these seeds."""
    match = NUMBERED.match(path.stem)
    return match is None or not path.stem[match.end() :].isdecimal() or path.stem[match.end() :] in seeds


def key_and_digest(path: Path) -> tuple[str, str] | None:
    """What a file of ours says it holds: the picture's key and the digest of its pixels; None for every other file."""
    try:
        with opened(path) as image:
            text = own_chunk(image)
        embedded = parse_chunk(text) if text is not None else None
        return (picture_key(embedded.recipe, embedded.index), embedded.digest) if embedded is not None else None
    except (*UNREADABLE, BadRequest):
        return None


def proved(path: Path, digest: str) -> NDArray[np.uint8] | None:
    """The pixels of a file, None where they are not those that it was kept with."""
    try:
        with opened(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except UNREADABLE:
        return None
    return pixels if pixel_digest(pixels) == digest else None
