"""What can be done with the folder of a film: prove it, and tell what it is and how far."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.listing import printable, table
from sdplay.cli.verdict import DIFFERS, SAME, unproved
from sdplay.core.errors import SdplayError

if TYPE_CHECKING:
    from sdplay.film.job.folder import JobFolder
    from sdplay.film.job.verify import Progress
    from sdplay.requests.recipe import Recipe
    from sdplay.studio import Studio

MOST_LINES = 20  # of what differs; the rest is counted


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


def show_job(path: Path, *, as_json: bool) -> int:
    """Print what the job in the folder `path` is, and how far."""
    from sdplay.film.job.description import described_recipe
    from sdplay.film.job.folder import JobFolder
    from sdplay.film.job.verify import progress_of
    from sdplay.requests.plan import count

    folder = JobFolder.open(path)
    recipe, done = described_recipe(folder.description), progress_of(folder)
    total = count(recipe)
    if as_json:
        finished = {"total": total, "done": min(done.frames, total), "seconds": round(done.seconds, 3)}
        click.echo(json.dumps({**folder.description, "digest": folder.digest, "frames": finished}, indent=2))
    else:
        click.echo(table(rows(folder, recipe, done, total)))
    return 0


def rows(folder: JobFolder, recipe: Recipe, done: Progress, total: int) -> Iterator[tuple[str, str]]:
    """The job in rows of name and value: what it is, what was asked otherwise than usual, how far it is."""
    description: Mapping[str, Any] = folder.description
    yield "film", f"{recipe.request.mode}, {total} frames of {recipe.width}x{recipe.height}"
    settled = {"seed", "steps", "guidance_scale", "sampler", "schedule"}
    asked = recipe.request.model_dump(exclude_defaults=True, exclude={"mode", "model", "width", "height", *settled})
    for name, value in asked.items():
        yield name.replace("_", " "), printable(str(value))
    for name in sorted(settled):
        yield name.replace("_", " "), str(getattr(recipe, name))
    yield "model", f"{printable(recipe.model.name)} (sha256 {recipe.model.digest[:16]})"
    yield "begun by", ", ".join(f"{name} {printable(str(value))}" for name, value in description["made_by"].items())
    pace = f", {done.seconds / done.frames:.2f} s each" if done.frames else ""
    yield "finished", f"{min(done.frames, total)} of {total} frames{pace}"
    videos = sorted(path.name for path in folder.path.glob("video.*") if path.suffix != ".part")
    yield "film file", ", ".join(videos) or "not there yet"
    if done.frames < total or not videos:
        yield "to go on", f"sdplay resume {shlex.quote(str(folder.path))}"
    yield "to prove it", f"sdplay verify {shlex.quote(str(folder.path))}"
