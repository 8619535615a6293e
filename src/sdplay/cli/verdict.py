"""What `sdplay verify` finds, as exit codes and in words."""

from __future__ import annotations

from pathlib import Path

import click

from sdplay.cli.outcome import reason
from sdplay.core.errors import NotReproduced, SdplayError

SAME, DIFFERS, CANNOT_BE_TRIED = 0, 1, 2


def unproved(file: Path, error: SdplayError) -> int:
    """Say on stdout why `file` was not made again, and return its code."""
    differs = isinstance(error, NotReproduced)
    hint = f"\n  → {error.hint}" if error.hint else ""
    why = error.reason if error.field in ("file", "job") else reason(error)
    click.echo(f"{file}: {'differs' if differs else 'cannot be tried'}: {why}{hint}")
    return DIFFERS if differs else CANNOT_BE_TRIED
