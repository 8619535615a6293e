"""Read the settings of an animation from a file; what kind of file it is, its content says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from sdplay.core.errors import BadRequest
from sdplay.files.regular import open_regular
from sdplay.interop.deforum import from_deforum, is_deforum
from sdplay.interop.notation import NotThis, read_json, read_toml, read_yaml
from sdplay.interop.python_source import read_assignments

MOST_BYTES = 4_000_000
FIELD = "settings"
# The table that a file may keep the settings in, beside those of other modes.
TABLES = ("animate", "animation", "settings", "config")


class Settings(NamedTuple):
    """Fields of `Animate` under the names they have in the file's world, and what was left out or turned around."""

    fields: dict[str, Any]
    notes: list[str]


def read_settings(path: Path) -> Settings:
    """The settings in the file at `path`; nothing in it is ever run.

    JSON, YAML and TOML give fields as they stand, on top or in a table called animate; Python source gives its
    assignments of plain values; Deforum's settings are translated. Raises `BadRequest` (field settings) naming the
    file, and line and column where it cannot be read.
    """
    return settings_in(_text_of(path), str(path))


def settings_in(text: str, name: str) -> Settings:
    """The settings in the `text` of a file that messages call `name`; see `read_settings`."""
    if not text.strip():
        raise _refused(name, "the file is empty")
    try:
        found, notes = _read(text)
    except NotThis as wrong:
        raise _refused(name, wrong.reason, wrong.hint) from None
    fields = _unwrapped(found)
    if is_deforum(fields):
        fields, translated = from_deforum(fields)
        notes = [*notes, *translated]
    if not fields:
        raise _refused(name, "there is no setting in it")
    return Settings(fields, notes)


def _refused(name: str, reason: str, hint: str = "") -> BadRequest:
    return BadRequest(reason, field=FIELD, value=name, hint=hint)


def _text_of(path: Path) -> str:
    try:
        with open_regular(path) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as wrong:
        raise _refused(str(path), f"cannot be read: {wrong.strerror}") from None
    if len(content) > MOST_BYTES:
        raise _refused(str(path), f"has more than {MOST_BYTES:,} bytes, which settings never have")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise _refused(str(path), f"is no text in UTF-8 (byte {wrong.start})") from None


def _read(text: str) -> tuple[dict[str, Any], list[str]]:
    """What `text` says in the first notation that fits; raises `NotThis` of the one it looks most like."""
    if text.lstrip().startswith("{"):
        return read_json(text), []
    try:
        return read_toml(text), []
    except NotThis as wrong:
        as_toml = wrong
    if _looks_like_yaml(text):
        return read_yaml(text), []
    try:
        return read_assignments(text)
    except NotThis as as_python:
        raise (as_toml if text.lstrip().startswith("[") else as_python) from None


def _looks_like_yaml(text: str) -> bool:
    """Whether the first line that says anything is `name:`, a list or a document's start, rather than `name =`."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return bool(re.match(r"""(---|%|- |["']?[A-Za-z_]\w*["']?\s*:(\s|$))""", line))
    return False


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    tables = [name for name in TABLES if isinstance(found.get(name), Mapping)]
    if len(tables) != 1:
        return found
    inside = cast(Mapping[str, Any], found[tables[0]])
    return {name: value for name, value in found.items() if name != tables[0]} | {**inside}
