"""Pictures that are there already: found by what they were drawn from, and taken only when their pixels prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest
from sdplay.images.formats import LOSSY, SUFFIXES
from sdplay.images.own import UNREADABLE, open_own
from sdplay.images.picture import pixel_digest
from sdplay.images.write import own_chunk, parse_chunk
from sdplay.images.writer import NUMBERED
from sdplay.requests.recipe import Numerics, Recipe, in_more_precision, picture_key

LOSSLESS = frozenset(suffix for kind, suffix in SUFFIXES.items() if kind not in LOSSY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reusable:
    """The file at `path` holds the picture wanted by this key, drawn with these numerics, and these are its pixels."""

    key: str
    path: Path
    numerics: Numerics
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Changed:
    """The file at `path` says that it holds a picture that is wanted, but its pixels are others now."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """What a file of ours says it holds; `digest` is that of its pixels."""

    path: Path
    key: str
    numerics: Numerics
    digest: str


def find_reusable(folder: Path, wanted: Iterable[tuple[Recipe, int]]) -> Iterator[Reusable | Changed]:
    """The pictures `wanted` (each a recipe and an index) that are kept in `folder`, each once, file by file.

    After those that are just what is wanted come those in more precision, for what is still missing: that is how a
    picture is kept whose numbers overflowed. One file is taken for one picture only.
    Only what is kept without loss can prove its pixels, so JPEG and AVIF files are never taken. Of files with names as
    an `ImageWriter` gives them only those are opened whose seed is one of the wanted.
    """
    missing = {picture_key(recipe, index): (recipe, index) for recipe, index in wanted}
    others = list[StoredPicture]()
    for said in stored_pictures(folder, {str(recipe.seed + index) for recipe, index in missing.values()}):
        if said.key not in missing:
            others.append(said)
            continue
        found = match_stored(said, said.key)
        if isinstance(found, Reusable):
            del missing[said.key]
        yield found
    finer = keys_in_more_precision(missing)
    for said in others:
        key = next((key for key in finer.get(said.key, ()) if key in missing), None)
        if key is None:
            continue
        found = match_stored(said, key)
        if isinstance(found, Reusable):
            del missing[key]
        yield found


def keys_in_more_precision(missing: Mapping[str, tuple[Recipe, int]]) -> dict[str, list[str]]:
    """By the keys that pictures have which are drawn in more precision than asked, those that were asked for."""
    found: dict[str, list[str]] = {}
    for key, (recipe, index) in missing.items():
        for more in in_more_precision(recipe):
            found.setdefault(picture_key(more, index), []).append(key)
    return found


def stored_pictures(folder: Path, seeds: set[str]) -> Iterator[StoredPicture]:
    """What the files of ours in `folder` say that may hold a picture with one of these seeds, in their order."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.casefold() in LOSSLESS and may_match(path, seeds):
            said = read_stored(path)
            if said is not None:
                yield said


def match_stored(said: StoredPicture, key: str) -> Reusable | Changed:
    """The file that holds the picture wanted by `key`, once its pixels prove it."""
    pixels = read_verified(said.path, said.digest)
    if pixels is None:
        return Changed(said.path)
    return Reusable(key=key, path=said.path, numerics=said.numerics, pixels=pixels)


def may_match(path: Path, seeds: set[str]) -> bool:
    """Whether a file's name allows that it holds a picture with one of these seeds."""
    match = NUMBERED.match(path.stem)
    return match is None or not path.stem[match.end() :].isdecimal() or path.stem[match.end() :] in seeds


def read_stored(path: Path) -> StoredPicture | None:
    """What a file of ours says it holds; None for every other file."""
    try:
        with open_own(path) as image:
            text = own_chunk(image)
        if text is None:
            return None
        embedded = parse_chunk(text)
        recipe = embedded.recipe
        key = picture_key(recipe, embedded.index)
        return StoredPicture(path=path, key=key, numerics=recipe.numerics, digest=embedded.digest)
    except (*UNREADABLE, BadRequest):
        return None


def read_verified(path: Path, digest: str) -> NDArray[np.uint8] | None:
    """The pixels of a file, None where they are not those that it was kept with."""
    try:
        with open_own(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except UNREADABLE:
        return None
    return pixels if pixel_digest(pixels) == digest else None
