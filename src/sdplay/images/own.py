"""Read the pictures that this program kept: what they say about themselves, and their pixels."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.open import UNREADABLE, open_file
from sdplay.images.sheet_file import SheetRecord, parse_sheet, sheet_chunk
from sdplay.images.write import Embedded, own_chunk, parse_chunk

LONGEST = 150  # characters of what is wrong with a recipe


def open_own(path: Path) -> AbstractContextManager[Image.Image]:
    return open_file(path, tuple(kind.upper() for kind in SUFFIXES))


def is_ours(path: Path) -> bool:
    """Whether `path` is a file for `read_own` to read or refuse: it holds a recipe of ours, or is a film's frame.

    False for every other file, and for none.
    """
    try:
        with open_own(path) as image:
            return own_chunk(image) is not None or is_film_frame(image.info)
    except UNREADABLE:
        return False


def embedded_in(path: Path) -> Embedded | None:
    """What a file of ours says about itself, without reading its pixels; None for every other file.

    Raises what is in `UNREADABLE` for a damaged one, and `BadRequest` for one of a later version.
    """
    with open_own(path) as image:
        text = own_chunk(image)
    return parse_chunk(text) if text is not None else None


def read_own(path: Path) -> tuple[Embedded, NDArray[np.uint8]]:
    """What a file of ours says about itself, and its pixels; raises `BadRequest` when it is none or is damaged."""
    try:
        with open_own(path) as image:
            text = own_chunk(image)
            if text is None:
                raise without_recipe(path, image.info)
            pixels = np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise BadRequest("no such file", field="file", value=str(path)) from None
    except UNREADABLE as error:
        raise BadRequest(f"is not a picture that can be read: {error}", field="file", value=str(path)) from None
    return parsed_chunk(text, path), pixels


def parsed_chunk(text: str, path: Path) -> Embedded:
    """What the chunk `text` of the file at `path` says; raises `BadRequest` that names the file."""
    try:
        return parse_chunk(text)
    except UNREADABLE as error:
        reason, hint = str(error), "the picture itself can be seen and enlarged; take a whole copy to draw it again"
    except BadRequest as problem:
        reason, hint = str(problem).partition("\n")[0], problem.hint
    raise BadRequest(f"its recipe cannot be read: {reason[:LONGEST]}", field="file", value=str(path), hint=hint)


def is_film_frame(info: Mapping[Any, Any]) -> bool:
    return "job" in info and "frame" in info


def read_sheet(path: Path) -> SheetRecord | None:
    """What the sheet of a grid says about itself, None for every other file; raises `BadRequest` for a damaged one."""
    try:
        with open_own(path) as image:
            text = sheet_chunk(image)
    except UNREADABLE:
        return None
    try:
        return parse_sheet(text) if text is not None else None
    except UNREADABLE as error:
        raise BadRequest(f"is a damaged sheet: {error}", field="file", value=str(path)) from None


def without_recipe(path: Path, info: Mapping[Any, Any]) -> BadRequest:
    """What to say of a picture with no recipe in it: a film's frames have theirs in the film's folder, and a sheet is
    made of pictures that have.
    """
    if (sheet := read_sheet(path)) is not None:
        reason = f"is a sheet of {len(sheet.pictures)} pictures, each of which is kept in a file of its own"
        return BadRequest(
            reason, field="file", value=str(path), hint=f"take one of them, such as {sheet.pictures[0].file}"
        )
    reason = "holds no recipe of ours, so there is nothing to draw it again from"
    hint = "use a picture that sdplay saved and no other program has saved since"
    if is_film_frame(info):
        reason = f"is frame {info['frame']} of a film, and its recipe is in the film's folder"
        folder = path.parent.parent
        job = shlex.quote(str(folder)) if (folder / "job.json").exists() else "JOB"
        hint = f"`sdplay verify {job}` draws the film again and compares, `sdplay show {job}` says how it is made"
    return BadRequest(reason, field="file", value=str(path), hint=hint)


def format_of(path: Path) -> Format:
    """The format of a file of ours by its content, whatever its name ends in."""
    with open_own(path) as image:
        return next(kind for kind in SUFFIXES if kind.upper() == image.format)
