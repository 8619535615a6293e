"""Draw a settled recipe and hand the pictures over: kept, shown and told one by one, whatever happens to the rest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.announce import memory_lines
from sdplay.cli.flags import envvar
from sdplay.cli.outcome import STOPPING
from sdplay.core.errors import SdplayError, Stopped

if TYPE_CHECKING:
    from sdplay.cli.preview import PreviewFile
    from sdplay.cli.progress import Progress
    from sdplay.cli.terminal import Protocol
    from sdplay.images.picture import Picture, SavedImage
    from sdplay.studio import ResolvedRequest, Studio

FORMATS = ("png", "webp", "jpeg")
MOST_SHOWN = 8  # pictures; with more of them the terminal is no place to look at them


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where pictures go and how it is told; `out` None keeps none, `show` None shows them where that makes sense.

    `preview` shows each while it is drawn, `preview_file` in a file.
    """

    out: Path | None
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
    """The flags behind a `Delivery`; the environment stands for them where a picture is asked for anew."""

    def flag(*names: str, **settings: Any) -> click.Option:
        return click.Option(
            names, envvar=envvar(names[-1].partition("/")[0].lstrip("-")) if for_new else None, **settings
        )

    folder, kinds = click.Path(path_type=Path), click.Choice(FORMATS, case_sensitive=False)
    return [
        flag("-o", "--out", type=folder, default=Path("images"), show_default=True, help="Folder for the pictures."),
        flag("--format", type=kinds, default="png", show_default=True, help="Kind of file."),
        flag("-q", "--quiet", is_flag=True, help="Print the paths of the pictures and nothing else."),
        flag("--json", is_flag=True, help="Print a line of JSON a picture: path, seed, digest, recipe, seconds."),
        flag("--show/--no-show", default=None, help="Show the pictures in the terminal (default: where it can)."),
        flag("--preview", is_flag=True, help="Show each picture emerging, in the terminal."),
        flag("--preview-file", type=folder, metavar="FILE", help="Keep FILE at what is emerging, for a viewer."),
    ]


def delivery_from(params: Mapping[str, Any]) -> Delivery:
    """The `Delivery` that the flags of `delivery_options` describe."""
    named = {name: params[name] for name in ("out", "format", "quiet", "show", "preview", "preview_file")}
    return Delivery(as_json=params["json"], **named)


def deliver(
    studio: Studio, settled: ResolvedRequest, indices: Sequence[int], delivery: Delivery, progress: Progress
) -> list[SavedImage]:
    """Draw pictures `indices`, keep, show and tell them as `delivery` says, and return the files.

    Raises `Stopped` on Ctrl-C; what is finished by then is kept, as it is after every other error.
    """
    from sdplay.events import Finished, ImageDone, ImageSaved, Retried
    from sdplay.images.writer import ImageWriter
    from sdplay.version import VERSION

    done = Done(settled=settled, indices=indices, out=delivery.out)
    canvas, viewer = Canvas(delivery, len(indices)), viewer_of(delivery)
    with no_empty_folder(delivery.out), done.told_on_failure(), Interrupt() as interrupt:
        keeper = ImageWriter(delivery.out, delivery.format, VERSION) if delivery.out is not None else None
        if not delivery.quiet:
            with progress.aside():
                for line in memory_lines(settled):
                    click.echo(line, err=True)
        progress.begin(settled.recipe, indices)
        for event in studio.run(settled, indices, keeper, preview=delivery.previewed):
            interrupt.listen()
            progress.follow(event)
            if viewer is not None:
                viewer.follow(event)
            if isinstance(event, ImageDone):
                done.drawn += 1
                canvas.show(event.picture, progress)
            elif isinstance(event, ImageSaved):
                done.artifacts.append(event.artifact)
                with progress.aside():
                    click.echo(as_json(event.artifact) if delivery.as_json else str(event.artifact.path))
            elif isinstance(event, Retried):
                with progress.aside():
                    click.echo(f"note: picture {event.index}: {event.how}", err=True)
            elif isinstance(event, Finished):
                done.seconds = event.seconds
            if interrupt.asked and not (isinstance(event, ImageDone) and keeper):  # what is drawn is kept first
                raise KeyboardInterrupt
    if not delivery.quiet:
        click.echo(done.summary(), err=True)
    return done.artifacts


def viewer_of(delivery: Delivery) -> PreviewFile | None:
    """What keeps the file that was asked for; a preview that nobody will see is said aloud."""
    if delivery.preview_file is not None:
        from sdplay.cli.preview import PreviewFile

        return PreviewFile(delivery.preview_file)
    if delivery.preview and (delivery.quiet or not sys.stdout.isatty()):
        click.echo("note: no terminal shows a preview here; --preview-file FILE keeps one in a file", err=True)
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


@dataclass(kw_only=True)
class Done:
    """What is finished so far, and how that is said."""

    settled: ResolvedRequest
    indices: Sequence[int]
    out: Path | None
    drawn: int = 0
    seconds: float = 0.0
    artifacts: list[SavedImage] = field(default_factory=list)

    @property
    def first_seed(self) -> int:
        return self.settled.recipe.seed + self.indices[0]

    def summary(self) -> str:
        pictures = "1 picture" if self.drawn == 1 else f"{self.drawn} pictures"
        where = f"in {self.out}" if self.out is not None else "not kept"
        again = "it" if self.drawn == 1 else "them"
        return f"{pictures} in {self.seconds:.1f} s, {where}; --seed {self.first_seed} draws {again} again"

    def kept(self) -> str:
        if self.out is None:
            return f"{self.drawn} of {len(self.indices)} pictures were drawn"
        return f"{len(self.artifacts)} of {len(self.indices)} pictures are kept in {self.out}"

    def how_to_go_on(self) -> str:
        rest = self.indices[self.drawn :]
        if not self.drawn or not rest:
            return ""
        return f"to go on, run the same command with --seed {self.settled.recipe.seed + rest[0]} --num {len(rest)}"

    @contextmanager
    def told_on_failure(self) -> Iterator[None]:
        """Say what is kept when the rest cannot be drawn; Ctrl-C becomes `Stopped`."""
        try:
            yield
        except KeyboardInterrupt:
            raise Stopped(f"stopped; {self.kept()}", hint=self.how_to_go_on()) from None
        except SdplayError:
            if self.artifacts:
                click.echo(self.kept(), err=True)
            raise


class Interrupt:
    """Ctrl-C or SIGTERM while pictures are drawn: the first asks to stop after the step, the second stops at once.

    Asking keeps files whole and counts right. Until `listen` is called both work as ever (see `outcome.run_safely`),
    because loading a model yields no events. Who ignores a signal goes on ignoring it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._ours = [sign for sign in STOPPING if signal.getsignal(sign) is signal.default_int_handler]

    def listen(self) -> None:
        if not self.asked:
            self._handle(self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
        self._handle(signal.default_int_handler)

    def _handle(self, handler: Callable[[int, FrameType | None], object]) -> None:
        for sign in self._ours:
            signal.signal(sign, handler)

    def __enter__(self) -> Interrupt:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle(signal.default_int_handler)


class Canvas:
    """Shows pictures in the terminal where it can and where that was asked for, or not asked against."""

    def __init__(self, delivery: Delivery, count: int) -> None:
        from sdplay.cli.terminal import protocol_of

        plain = delivery.quiet or delivery.as_json or count > MOST_SHOWN
        wanted = delivery.show if delivery.show is not None else not plain
        here = sys.stdout.isatty()
        self.protocol: Protocol | None = (
            protocol_of(os.environ, forced=delivery.show is True) if wanted and here else None
        )
        if delivery.show and not here:
            click.echo("note: the output is no terminal, so no pictures are shown", err=True)

    def show(self, picture: Picture, progress: Progress) -> None:
        if self.protocol is None:
            return
        from sdplay.cli.terminal import drawn

        with progress.aside():
            sys.stdout.write(drawn(picture.image, self.protocol, shutil.get_terminal_size().columns))
            sys.stdout.flush()


@contextmanager
def no_empty_folder(folder: Path | None) -> Iterator[None]:
    """When what is inside fails, take away the folders it made and put nothing in."""
    made = [path for path in (folder, *folder.parents) if not path.exists()] if folder is not None else []
    try:
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.rmdir()
        raise
