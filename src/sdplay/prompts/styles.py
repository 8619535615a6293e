"""Styles: words kept under a name, that a prompt is put into or that are put after it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.files.regular import read_regular_text

HINT = "a CSV file in UTF-8 with the columns name, prompt, negative_prompt"
LARGEST = 4_000_000  # bytes

PLACE = "{prompt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a style adds; the prompt goes where it says `{prompt}`, and before it where it does not."""

    prompt: str = ""
    negative_prompt: str = ""


def joined(text: str, added: str) -> str:
    """`text` with a style's `added` words."""
    if PLACE in added:
        return added.replace(PLACE, text)
    return ", ".join(part for part in (text.strip(), added.strip()) if part) if added.strip() else text


def styled(prompt: str, negative: str, names: Iterable[str], known: Mapping[str, Style]) -> tuple[str, str]:
    """Prompt and negative prompt with the styles of these names, one after the other; raises `UnknownName`."""
    for name in names:
        if name not in known:
            raise UnknownName("style", name, known)
        prompt = joined(prompt, known[name].prompt)
        negative = joined(negative, known[name].negative_prompt)
    return prompt, negative


def read_styles(path: Path) -> dict[str, Style]:
    """The styles in the file at `path`, by name; raises `BadRequest` if it cannot be read or a column is missing."""
    try:
        rows = list(csv.DictReader(read_regular_text(path, LARGEST).splitlines(keepends=True), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise BadRequest(why, field="styles_file", value=str(path), hint=HINT) from None
    if not rows or not {"name", "prompt"} <= rows[0].keys():
        raise BadRequest("holds no styles", field="styles_file", value=str(path), hint=HINT)
    return {
        row["name"].strip(): Style(prompt=row["prompt"] or "", negative_prompt=row.get("negative_prompt") or "")
        for row in rows
        if row["name"] and row["name"].strip()
    }
