"""A file of styles as A1111 keeps it: CSV with the columns name, prompt, negative_prompt."""

from __future__ import annotations

import csv
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.prompts.styles import Style

HINT = "a CSV file in UTF-8 with the columns name, prompt, negative_prompt"
LARGEST = 4_000_000  # bytes


def read_styles(path: Path) -> dict[str, Style]:
    """The styles in the file at `path`, by name; raises `BadRequest` where it cannot be read or lacks a column."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True), strict=True))
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
