"""The names that people write for fields: those of the flags, and `size` for both sides."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sdplay.core.errors import BadRequest
from sdplay.core.values import read_size

SIZE, SIDES = "size", ("width", "height")
PICTURES = {"image", "mask", "control_image"}  # a number in the place of one is told as what it is


def by_field(given: Mapping[str, Any], flags: Mapping[str, str]) -> dict[str, Any]:
    """`given` by the names of fields: `flags` are the other names, `size` is both sides (`width` and `height` win over
    it), paths are texts, and numbers of numpy are plain ones.

    Raises `BadRequest` where a field is given under both its names, and for a size that is none.
    """
    fields: dict[str, Any] = {}
    for name, value in given.items():
        field = flags.get(name, name)
        if field != name and field in given:
            raise BadRequest(f"is given as `{field}` too", field=name, value=value, hint="give one of the two")
        fields[field] = value if field in PICTURES and not isinstance(value, os.PathLike) else plain(value)
    size = fields.pop(SIZE, None)
    return fields if size is None else dict(zip(SIDES, sides(size), strict=True)) | fields


def plain(value: Any) -> Any:
    """A path as a text, and one number of numpy or torch as a number of Python; anything else as it is."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(cast("os.PathLike[str]", value))
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def sides(size: Any) -> tuple[int, int]:
    """(width, height) of 256, "256x384" or (256, 384); raises `BadRequest` for anything else."""
    found: Sequence[Any] | None = None
    if isinstance(size, str):
        found = read_size(size)
    elif isinstance(size, int):
        found = (size, size)
    elif isinstance(size, tuple | list) and len(cast(Sequence[Any], size)) == 2:
        found = cast(Sequence[Any], size)
    if found is None:
        raise BadRequest("is not a size", field=SIZE, value=cast(object, size), hint='256, "256x384" or (256, 384)')
    width, height = found
    return width, height
