"""`sdplay canny`: what a ControlNet for edges sees of a picture."""

from __future__ import annotations

from pathlib import Path

import click

from sdplay.cli.flags import Size
from sdplay.core.errors import BadRequest


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The picture to write, a PNG.")
@click.option("--size", type=Size(), metavar="SIDE|WIDTHxHEIGHT", help="Of what will be drawn; else the picture's.")
@click.option("--canny-low", type=click.IntRange(0, 2040), default=100, show_default=True, help="A line goes on here.")
@click.option("--canny-high", type=click.IntRange(0, 2040), default=200, show_default=True, help="A line begins here.")
def canny(file: Path, out: Path, size: tuple[int, int] | None, canny_low: int, canny_high: int) -> int:
    """Find the edges in a picture, as --control-image does before a ControlNet for edges looks at it.

    With --size they are those that it sees when a picture of this size is drawn.
    """
    from sdplay.files.atomic import prepare_folder, write_new
    from sdplay.images.control import edges_of
    from sdplay.images.read import png, read_image, resized

    if out.exists():
        hint = "choose another name, or take that file away first"
        raise BadRequest("is there already", field="--out", value=str(out), hint=hint)
    pixels = read_image(file, "file")
    pixels = resized(pixels, *size) if size is not None else pixels
    prepare_folder(out.parent)
    click.echo(str(write_new(png(edges_of(pixels, canny_low, canny_high)), [out])))
    return 0
