"""`sdplay again` and `sdplay verify`: saved pictures drawn again, varied, and compared bit for bit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import PictureReport, delivery_from, delivery_options
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import as_flags, in_the_words_of, request_fields, request_options
from sdplay.cli.follow import follow
from sdplay.cli.models import PICKLE, library_with
from sdplay.cli.outcome import reason
from sdplay.cli.request_command import RequestCommand
from sdplay.cli.terminal import printable
from sdplay.cli.warm import drawn_by_service
from sdplay.core.errors import BadRequest, NotReproduced, SdplayError

if TYPE_CHECKING:
    from sdplay.images.picture import SavedImage
    from sdplay.images.write import Embedded
    from sdplay.interop import ParsedMetadata
    from sdplay.requests.base import Request
    from sdplay.requests.request import AnyStill
    from sdplay.studio import ResolvedRequest, Studio


MOST_LINES = 20  # of what differs; the rest is counted
SAME, DIFFERS, CANNOT_BE_TRIED = 0, 1, 2


FILE = click.Path(path_type=Path)


class AgainCommand(RequestCommand):
    """Draws a saved picture again; its flags are those of all modes."""

    def own_params(self) -> list[click.Parameter]:
        from sdplay.requests.request import STILLS

        flags: dict[str | None, click.Parameter] = {}
        for kind in STILLS.values():
            for flag in request_options(kind, positional=None, for_new=False):
                flags.setdefault(flag.name, flag)
        return [click.Argument(["file"], type=FILE), *flags.values(), *delivery_options(for_new=False)]


@click.command(cls=AgainCommand)
@click.pass_context
def again(ctx: click.Context, /, file: Path, **params: Any) -> int:
    """Draw a saved picture again, or a variation of it.

    Without flags it is drawn exactly as it was, and a line says whether its bits are the same. Every flag changes one
    thing; --seed -1 takes a new seed. From a picture of another program everything is taken that has a meaning here,
    and each setting that is left out is listed; if it was drawn from a picture, give that with --image (and --mask).
    """
    from sdplay.images.write import Embedded

    delivery = delivery_from(params)
    library = library_with(bool(params.get("allow_pickle")))
    with in_the_words_of(ctx), open_studio(library=library) as studio:
        source = studio.read(file)
        if isinstance(source, Embedded):
            changes = changes_to(type(source.recipe.request), params)
            resolved, indices = studio.history.resolve_again(source, changes)
        else:
            request = taken_over(studio, source, params, quiet=delivery.quiet)
            resolved, indices = studio.history.resolve_all(request)
            if params["model"] is None and not params["anyway"]:
                check_size(resolved, source)
        report = PictureReport(studio, resolved, indices, delivery)
        follow(report)
    if isinstance(source, Embedded) and resolved.recipe.digest == source.recipe.digest and not delivery.quiet:
        click.echo(comparison(report.artifacts[0], source, file), err=True)
    return 0


def taken_over(studio: Studio, metadata: ParsedMetadata, params: dict[str, Any], *, quiet: bool) -> AnyStill:
    """The request that another program's picture amounts to; what is left out is listed on stderr."""
    from sdplay.requests.request import kind_of

    imported = studio.history.import_settings(metadata, **changes_to(kind_of(params), params))
    if not quiet:
        lost = [item for item in imported.left if not item.is_note]
        but = f" but {len(lost)}:" if lost else ""
        click.echo(f"made by {maker(metadata)}; all that it says is taken over{but}", err=True)
        for item in lost:
            click.echo(f"  {printable(as_flags(str(item)))}", err=True)
    return imported.request


def check_size(resolved: ResolvedRequest, metadata: ParsedMetadata) -> None:
    """Raise `BadRequest` if the model that a picture was drawn with is not here, and the usual one, which is taken for
    it, is made for smaller pictures: a minute of drawing would give nothing that is like it.
    """
    from sdplay.requests.base import Request
    from sdplay.requests.txt2img import picture_size

    usual, named = Request.model_fields["model"].default, metadata.fields.get("model")
    width, height = picture_size(resolved.recipe)
    size = resolved.model.card.size
    if resolved.recipe.request.model != usual or named == usual or max(width, height) <= size:
        return
    reason = f"this model is not here, and {usual} is made for {size}x{size} pixels, not for {width}x{height}"
    hint = (
        f"name one that is here: `model=NAME`; or draw it small: `size={size}` `hires_scale=1`; or as it is: --anyway"
    )
    raise BadRequest(reason, field="model", value=named, hint=hint)


def maker(metadata: ParsedMetadata) -> str:
    return printable(f"{metadata.program} {metadata.version}".strip())


def changes_to(kind: type[Request], params: dict[str, Any]) -> dict[str, Any]:
    """The fields of `kind` that were typed; raises `BadRequest` for a flag that only another mode has."""
    from sdplay.requests.request import STILLS

    elsewhere = {name for other in STILLS.values() for name in other.model_fields} - kind.model_fields.keys()
    for name in elsewhere & params.keys():
        if params[name] is not None:
            mode = kind.model_fields["mode"].default
            raise BadRequest(f"means nothing for a picture of the mode {mode}", field=name, value=params[name])
    return request_fields(kind, params)


def comparison(artifact: SavedImage, embedded: Embedded, file: Path) -> str:
    if artifact.digest == embedded.digest:
        return f"bit for bit the picture{' that was enlarged into' if embedded.enlarged else ' in'} {file}"
    return f"not bit for bit the picture in {file}: `sdplay verify` says how far apart they are"


def unproved(file: Path, error: SdplayError) -> int:
    """Say on stdout why `file` was not made again, and return its code."""
    differs = isinstance(error, NotReproduced)
    hint = f"\n  → {as_flags(error.hint)}" if error.hint else ""
    why = error.reason if error.field in ("file", "job") else reason(error)
    click.echo(f"{file}: {'differs' if differs else 'cannot be tried'}: {why}{hint}")
    return DIFFERS if differs else CANNOT_BE_TRIED


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--model", help="Where the model is that it was drawn with, if not where it was.")
@click.option("--image", help="Where the picture is that it was drawn from, if not where it was.")
@click.option("--mask", help="The same for the mask.")
@click.option("--control-image", help="The same for the control image.")
@click.option("--latents", help="The same for the latents.")
@click.option("--every", type=click.IntRange(min=1), default=1, help="Of a film: every n-th unit only.")
@PICKLE
@drawn_by_service
def verify(files: tuple[Path, ...], model: str | None, every: int, allow_pickle: bool, **pictures: str | None) -> int:
    """Draw pictures, or the folders of films, again and compare, bit for bit.

    Exit code 0: all came out the same; 1: one differs, and what made it differ is said; 2: one could not be tried.
    """
    with open_studio(library=library_with(allow_pickle)) as studio:
        codes = [
            verify_job(studio, file, model, every) if file.is_dir() else verdict(studio, file, model, pictures)
            for file in files
        ]
    return DIFFERS if DIFFERS in codes else max(codes)


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
    segments, frames, differing = 0, 0, 0
    try:
        for checked in studio.films.verify(path, model, every):
            segments, frames = segments + 1, frames + checked.frames
            for line in checked.differing:
                differing += 1
                if differing <= MOST_LINES:
                    click.echo(f"{path}: {line}")
            if sys.stderr.isatty():
                click.echo(f"\r{frames} frames drawn again", err=True, nl=False)
    except SdplayError as error:
        return unproved(path, error)
    finally:
        if sys.stderr.isatty():
            click.echo(err=True)
    if differing:
        more = f", and {differing - MOST_LINES} more" if differing > MOST_LINES else ""
        click.echo(f"{path}: differs: {differing} pictures in {frames} frames{more}")
        return DIFFERS
    sampled = f" ({segments} units, every {every} of them)" if every > 1 else ""
    click.echo(f"{path}: made again bit for bit: {frames} frames{sampled}")
    return SAME
