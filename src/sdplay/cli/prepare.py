"""`--prepare`: make the folder of a job and draw nothing, so that many machines can."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sdplay.cli.deliver import Delivery
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio


def tell_prepared(studio: Studio, folder: Path, *, quiet: bool) -> int:
    """Print the folder of a job that was prepared, and how it is drawn."""
    click.echo(str(folder))
    if not quiet:
        units, name = sum(1 for _ in studio.shards.states(folder)), shlex.quote(str(folder))
        many = f"units 0 to {units - 1}" if units > 1 else "one unit"
        click.echo(f"nothing is drawn yet: {many}, by sdplay draw-units {name}; then sdplay join {name}", err=True)
    return 0


def prepare(
    studio: Studio, asked: Sequence[AnyStill], axes: Sequence[str], limit: int | None, delivery: Delivery
) -> int:
    """Make the job of the pictures that are `asked` for, or of a grid with `axes`, and say how it is drawn."""
    from sdplay.jobs.shards.pictures import PictureOutput, prepare_grid, prepare_pictures

    out = folder_of(delivery)
    output = PictureOutput(format={"jpg": "jpeg"}.get(delivery.format, delivery.format), name=delivery.name)
    if axes:
        from sdplay.cli.grid import planned_grid

        prepare_grid(planned_grid(studio, asked, axes, limit, delivery), out, output)
    else:
        prepare_pictures([studio.resolve(request) for request in asked], out, output)
    return tell_prepared(studio, out, quiet=delivery.quiet)


def folder_of(delivery: Delivery) -> Path:
    """Where the job goes; raises `BadRequest` for a pattern of names that cannot be used."""
    from sdplay.images.naming import check_pattern

    if delivery.name is not None:
        check_pattern(delivery.name)
    ctx = click.get_current_context()
    typed = ctx.get_parameter_source("out") is not ParameterSource.DEFAULT
    return delivery.out if typed and delivery.out is not None else free_folder(Path("jobs"), "pictures")


def free_folder(parent: Path, name: str) -> Path:
    """The first of parent/NAME-1, -2 … that does not exist."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
