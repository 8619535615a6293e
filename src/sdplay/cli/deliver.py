"""How pictures are handed over: saved, shown and reported one by one, whatever happens to the rest."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.flags import envvar
from sdplay.cli.follow import Report
from sdplay.cli.param_types import FileKind, Folder
from sdplay.cli.request_command import Flag
from sdplay.cli.warm import no_serve
from sdplay.core.errors import DiskFull, SdplayError, Stopped
from sdplay.version import VERSION

if TYPE_CHECKING:
    from PIL.Image import Image

    from sdplay.cli.preview import PreviewFile
    from sdplay.cli.terminal import Protocol
    from sdplay.events import Event
    from sdplay.images.picture import SavedImage
    from sdplay.images.writer import ImageWriter
    from sdplay.studio import ResolvedRequest, Studio

FORMATS = ("png", "webp", "jpeg", "avif")
NAME_HELP = (
    "What the files are called: [seed], [prompt_words], [date], [number], [model], [sampler], [steps], [width], "
    '[height] and [image], as in "[seed]-[prompt_words]". No file is overwritten.'
)
MOST_SHOWN = 8  # pictures; with more of them a terminal is not the place to look at them


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where pictures go and how that is reported; `out` None saves none, `show` None shows them if the terminal can.

    `name` is the pattern of their names (see `images.naming`), None for the usual ones.
    `preview` shows each while it is drawn, `preview_file` in a file.
    """

    out: Path | None
    name: str | None = None
    format: str = "png"
    quiet: bool = False
    as_json: bool = False
    show: bool | None = None
    preview: bool = False
    preview_file: Path | None = None

    @property
    def previewed(self) -> bool:
        return self.preview or self.preview_file is not None


def delivery_options(*, for_new: bool) -> list[click.Parameter]:
    """The flags behind a `Delivery`; for a new picture the environment may set them too."""

    def flag(*names: str, **settings: Any) -> click.Option:
        variable = envvar(names[-1].partition("/")[0].lstrip("-")) if for_new else None
        return Flag(list(names), envvar=variable, **settings)

    folder, kinds = Folder("--name says what the files are called"), FileKind(FORMATS)
    return [
        flag(
            "-o",
            "--out",
            basic=True,
            type=folder,
            default=Path("images"),
            show_default=True,
            help="Folder for the pictures.",
        ),
        flag("--name", basic=True, metavar="PATTERN", help=NAME_HELP),
        flag("--format", basic=True, type=kinds, default="png", show_default=True, help="Kind of file."),
        flag("-q", "--quiet", basic=True, is_flag=True, help="Print the paths of the pictures and nothing else."),
        flag("--json", is_flag=True, help="Print each picture as a line of JSON: path, seed, digest, recipe, seconds."),
        flag("--show/--no-show", default=None, help="Show the pictures in the terminal (default: if it can)."),
        flag("--preview", basic=True, is_flag=True, help="Show each picture emerging, in the terminal."),
        flag(
            "--preview-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Keep FILE at what is emerging, for a viewer.",
        ),
        no_serve(),
    ]


def delivery_from(params: Mapping[str, Any]) -> Delivery:
    """The `Delivery` that the flags of `delivery_options` describe."""
    named = {name: params[name] for name in ("out", "name", "format", "quiet", "show", "preview", "preview_file")}
    return Delivery(as_json=params["json"], **named)


@dataclass(frozen=True, slots=True)
class Place:
    """Which of several requests one is, and what sets it apart: a picture that it starts from, or its prompt."""

    number: int
    total: int
    what: str

    def __str__(self) -> str:
        from sdplay.cli.terminal import printable
        from sdplay.core.errors import shorten

        return f"{self.number}/{self.total} {printable(shorten(self.what))}"


class PictureReport(Report):
    """What is said of pictures `indices` of a resolved request, and where they are shown; `artifacts` are the files.

    `said` are the warnings that were said of requests before this one; they are not said again.
    """

    def __init__(
        self,
        studio: Studio,
        resolved: ResolvedRequest,
        indices: Sequence[int],
        delivery: Delivery,
        place: Place | None = None,
        said: set[str] | None = None,
    ) -> None:
        from sdplay.cli.progress import progress_for

        self.studio, self.resolved, self.indices, self.delivery = studio, resolved, indices, delivery
        self.place, self.out, self.quiet = place, delivery.out, delivery.quiet
        self.progress = progress_for(quiet=delivery.quiet, lines=place is None)
        self.drawn, self.seconds, self.said = 0, 0.0, said if said is not None else set[str]()
        self.artifacts: list[SavedImage] = []
        self._protocol: Protocol | None = shown_with(delivery, len(indices))
        self._viewer = viewer_of(delivery)

    def events(self) -> Generator[Event, None, None]:
        from sdplay.cli.progress import memory_lines, warning_lines

        writer = self._writer(self.out) if self.out is not None else None
        said_before = self.place is not None and self.place.number > 1
        for line in memory_lines(self.resolved) if not self.quiet and not said_before else ():
            self.say(line)
        for line in warning_lines(self.resolved.warnings):
            if line not in self.said:
                self.say(line)
        self.said.update(warning_lines(self.resolved.warnings))
        self.progress.begin(self.resolved.recipe, self.indices)
        return self.studio.run(self.resolved, self.indices, writer, preview=self.delivery.previewed)

    def _writer(self, folder: Path) -> ImageWriter:
        from sdplay.images.writer import ImageWriter

        return ImageWriter(folder, self.delivery.format, VERSION, name=self.delivery.name)

    def tell(self, event: Event) -> None:
        from sdplay.events import Finished, ImageDone, ImageSaved, Retried

        if self._viewer is not None:
            self._viewer.follow(event)
        if isinstance(event, ImageDone):
            self.drawn += 1
            if self._protocol is not None:
                with self.progress.aside():
                    show(event.picture.image, self._protocol)
        elif isinstance(event, ImageSaved):
            self.artifacts.append(event.artifact)
            self.deliver(as_json(event.artifact) if self.delivery.as_json else str(event.artifact.path))
        elif isinstance(event, Retried):
            with self.progress.aside():
                click.echo(f"note: picture {event.index}: {event.how}", err=True)
        elif isinstance(event, Finished):
            self.seconds = event.seconds

    def may_stop(self, event: Event) -> bool:
        from sdplay.events import ImageDone

        return self.out is None or not isinstance(event, ImageDone)  # what is drawn is saved first

    def done(self) -> None:
        self.say(self.summary() if self.place is None else f"{self.place} in {self.seconds:.1f} s")

    def stopped(self) -> Stopped:
        return Stopped(f"stopped; {self.kept()}", hint=self.how_to_go_on())

    def failed(self, error: SdplayError) -> None:
        if self.artifacts:
            click.echo(self.kept(), err=True)
        if isinstance(error, DiskFull) and self.how_to_go_on():
            error.hint = f"free some space; {self.how_to_go_on()}"

    def summary(self) -> str:
        pictures = "1 picture" if self.drawn == 1 else f"{self.drawn} pictures"
        where = f"in {self.out}" if self.out is not None else "not kept"
        again = "it" if self.drawn == 1 else "them"
        seed = self.resolved.recipe.seed + self.indices[0]
        return f"{pictures} in {self.seconds:.1f} s, {where}; --seed {seed} draws {again} again"

    def kept(self) -> str:
        if self.out is None:
            return f"{self.drawn} of {len(self.indices)} pictures were drawn"
        return f"{len(self.artifacts)} of {len(self.indices)} pictures are kept in {self.out}"

    def how_to_go_on(self) -> str:
        finished = self.drawn if self.out is None else len(self.artifacts)
        rest = self.indices[finished:]
        if not finished or not rest:
            return ""
        seed = self.resolved.recipe.seed + rest[0]
        return f"to go on, run the same command with --seed {seed} --num {len(rest)}"


def viewer_of(delivery: Delivery) -> PreviewFile | None:
    """The preview file that was asked for, None without one; a note says if a preview cannot be seen."""
    if delivery.preview_file is not None:
        from sdplay.cli.preview import PreviewFile

        return PreviewFile(delivery.preview_file)
    if delivery.preview and (delivery.quiet or not sys.stdout.isatty()):
        click.echo(
            "note: the output is not a terminal, so no preview is shown; --preview-file FILE writes one to a file",
            err=True,
        )
    return None


def as_json(artifact: SavedImage) -> str:
    """What `--json` prints for a picture, on one line."""
    return json.dumps(
        {
            "path": str(artifact.path),
            "seed": artifact.recipe.seed + artifact.index,
            "digest": artifact.digest,
            "recipe": artifact.recipe.digest,
            "seconds": round(artifact.seconds, 3),
        }
    )


def shown_with(delivery: Delivery, count: int) -> Protocol | None:
    """How to show `count` pictures in the terminal; None if it cannot, or if they were asked not to be shown."""
    plain = delivery.quiet or delivery.as_json or count > MOST_SHOWN
    wanted = delivery.show if delivery.show is not None else not plain
    if delivery.show and not sys.stdout.isatty():
        click.echo("note: the output is not a terminal, so no pictures are shown", err=True)
    if not wanted:
        return None
    from sdplay.cli.terminal import protocol_of_stdout

    return protocol_of_stdout(forced=delivery.show is True)


def show(image: Image, protocol: Protocol) -> None:
    """Write `image` to the terminal."""
    from sdplay.cli.terminal import drawn

    sys.stdout.write(drawn(image, protocol, shutil.get_terminal_size().columns))
    sys.stdout.flush()
