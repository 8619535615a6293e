"""`sdplay verify`: draw pictures and films again and compare them, bit for bit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.again import FILE
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import as_flags
from sdplay.cli.models import PICKLE, library_with
from sdplay.cli.outcome import reason
from sdplay.core.errors import NotReproduced, SdplayError

if TYPE_CHECKING:
    from sdplay.studio import Studio


MOST_LINES = 20  # of what differs; the rest is counted


MODEL_HELP = "Where the model is that it was drawn with, if not where it was."


SAME, DIFFERS, CANNOT_BE_TRIED = 0, 1, 2


def unproved(file: Path, error: SdplayError) -> int:
    """Say on stdout why `file` was not made again, and return its code."""
    differs = isinstance(error, NotReproduced)
    hint = f"\n  → {as_flags(error.hint)}" if error.hint else ""
    why = error.reason if error.field in ("file", "job") else reason(error)
    click.echo(f"{file}: {'differs' if differs else 'cannot be tried'}: {why}{hint}")
    return DIFFERS if differs else CANNOT_BE_TRIED


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--model", help=MODEL_HELP)
@click.option("--image", help="Where the picture is that it was drawn from, if not where it was.")
@click.option("--mask", help="The same for the mask.")
@click.option("--control-image", help="The same for the control image.")
@click.option("--every", type=click.IntRange(min=1), default=1, help="Of a film: every n-th unit only.")
@PICKLE
def verify(files: tuple[Path, ...], model: str | None, every: int, allow_pickle: bool, **pictures: str | None) -> int:
    """Draw pictures, or the folders of films, again and compare, bit for bit.

    Exit code 0: all came out the same; 1: one differs, and what made it differ is said; 2: one could not be tried.
    """
    with open_studio(library=library_with(allow_pickle)) as studio:
        found = [
            verify_job(studio, file, model, every) if file.is_dir() else verdict(studio, file, model, pictures)
            for file in files
        ]
    return DIFFERS if DIFFERS in found else max(found)


def verdict(studio: Studio, file: Path, model: str | None, pictures: Mapping[str, str | None]) -> int:
    """Try one file, say on stdout what came of it, and return its code."""
    try:
        picture = studio.verify(file, model, pictures)
    except SdplayError as error:
        return unproved(file, error)
    click.echo(f"{file}: made again bit for bit in {picture.seconds:.1f} s (pixels sha256 {picture.digest[:16]})")
    return SAME


def verify_job(studio: Studio, path: Path, model: str | None, every: int) -> int:
    """Draw the units of a film again, say on stdout what came of it, and return its code."""
    units, frames, told = 0, 0, 0
    try:
        for checked in studio.verify_film(path, model, every):
            units, frames = units + 1, frames + checked.frames
            for line in checked.differing:
                told += 1
                if told <= MOST_LINES:
                    click.echo(f"{path}: {line}")
            if sys.stderr.isatty():
                click.echo(f"\r{frames} frames drawn again", err=True, nl=False)
    except SdplayError as error:
        return unproved(path, error)
    finally:
        if sys.stderr.isatty():
            click.echo(err=True)
    if told:
        more = f", and {told - MOST_LINES} more" if told > MOST_LINES else ""
        click.echo(f"{path}: differs: {told} pictures in {frames} frames{more}")
        return DIFFERS
    sampled = f" ({units} units, every {every} of them)" if every > 1 else ""
    click.echo(f"{path}: made again bit for bit: {frames} frames{sampled}")
    return SAME
