"""`sdplay again`: a saved picture, or one that another program made, drawn again or varied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import PictureReport, delivery_from, delivery_options
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import RequestCommand, as_flags, in_the_words_of, request_fields, request_options
from sdplay.cli.follow import follow
from sdplay.cli.models import library_with
from sdplay.cli.text import printable
from sdplay.core.errors import BadRequest

if TYPE_CHECKING:
    from sdplay.images.picture import SavedImage
    from sdplay.images.write import Embedded
    from sdplay.interop import ParsedMetadata
    from sdplay.requests.base import Request
    from sdplay.requests.request import AnyStill
    from sdplay.studio import Studio


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
    """Draw a kept picture again, or a variation of it.

    Without flags it is drawn exactly as it was, and whether its bits are the same is said. Every flag changes one thing
    about it; --seed -1 takes a new seed. Of a picture that another program made all is taken over that has a meaning
    here, and the rest is told line by line; if it was drawn from a picture, give that with --image (and --mask).
    """
    from sdplay.images.write import Embedded

    delivery = delivery_from(params)
    library = library_with(bool(params.get("allow_pickle")))
    with in_the_words_of(ctx), open_studio(library=library) as studio:
        said = studio.read(file)
        if isinstance(said, Embedded):
            changes = changes_to(type(said.recipe.request), params)
            settled, indices = studio.history.resolve_again(said, changes)
        else:
            settled, indices = studio.history.resolve_all(taken_over(studio, said, params, quiet=delivery.quiet))
        report = PictureReport(studio, settled, indices, delivery)
        follow(report)
    if isinstance(said, Embedded) and settled.recipe.digest == said.recipe.digest and not delivery.quiet:
        click.echo(comparison(report.artifacts[0], said, file), err=True)
    return 0


def taken_over(studio: Studio, found: ParsedMetadata, params: dict[str, Any], *, quiet: bool) -> AnyStill:
    """The request that another program's picture amounts to; what could not be taken over is told on stderr."""
    from sdplay.requests.request import kind_of

    adopted = studio.history.import_settings(found, **changes_to(kind_of(params), params))
    if not quiet:
        lost = [one for one in adopted.left if not one.is_note]
        but = f" but {len(lost)}:" if lost else ""
        click.echo(f"made by {maker(found)}; all that it says is taken over{but}", err=True)
        for left in lost:
            click.echo(f"  {printable(as_flags(str(left)))}", err=True)
    return adopted.request


def maker(found: ParsedMetadata) -> str:
    return printable(f"{found.program} {found.version}".strip())


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
