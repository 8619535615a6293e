"""`sdplay verify`, `again` and `show`: what can be done with a picture that was kept, or that another program made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import deliver, delivery_from, delivery_options
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.job import show_job, verify_job
from sdplay.cli.listing import printable, table
from sdplay.cli.models import PICKLE, library_with
from sdplay.cli.verdict import DIFFERS, SAME, unproved
from sdplay.core.errors import BadRequest, SdplayError

if TYPE_CHECKING:
    from sdplay.images.picture import Artifact
    from sdplay.images.sheet_file import SheetRecord
    from sdplay.images.write import Embedded
    from sdplay.interop import Found
    from sdplay.requests.request import AnyStill, Request
    from sdplay.studio import Studio

FILE = click.Path(path_type=Path)
MODEL_HELP = "Where the model is that it was drawn with, if not where it was."


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


class AgainCommand(click.Command):
    """Draws a kept picture again; its flags are those of all modes, read when they are first needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self.params:
            from sdplay.requests.request import STILLS

            flags: dict[str | None, click.Parameter] = {}
            for kind in STILLS.values():
                for flag in request_options(kind, positional=None, for_new=False):
                    flags.setdefault(flag.name, flag)
            self.params = [click.Argument(["file"], type=FILE), *flags.values(), *delivery_options(for_new=False)]
        return super().get_params(ctx)


@click.command(cls=AgainCommand)
@click.pass_context
def again(ctx: click.Context, /, file: Path, **params: Any) -> int:
    """Draw a kept picture again, or a variation of it.

    Without flags it is drawn exactly as it was, and whether its bits are the same is said. Every flag changes one thing
    about it; --seed -1 takes a new seed. Of a picture that another program made all is taken over that has a meaning
    here, and the rest is told line by line; if it was drawn from a picture, give that with --image (and --mask).
    """
    from sdplay.cli.progress import progress_for
    from sdplay.images.write import Embedded

    delivery = delivery_from(params)
    library = library_with(bool(params.get("allow_pickle")))
    with in_the_words_of(ctx), open_studio(library=library) as studio:
        said = studio.read(file)
        if isinstance(said, Embedded):
            changes = changes_to(type(said.recipe.request), params)
            settled, indices = studio.settle_again(said, changes)
        else:
            settled, indices = studio.settle_first(taken_over(studio, said, params, quiet=delivery.quiet))
        with progress_for(quiet=delivery.quiet) as progress:
            artifacts = deliver(studio, settled, indices, delivery, progress)
    if isinstance(said, Embedded) and settled.recipe.digest == said.recipe.digest and not delivery.quiet:
        click.echo(comparison(artifacts[0], said, file), err=True)
    return 0


def taken_over(studio: Studio, found: Found, params: dict[str, Any], *, quiet: bool) -> AnyStill:
    """The request that another program's picture amounts to; what could not be taken over is told on stderr."""
    from sdplay.requests.request import kind_of

    adopted = studio.adopt(found, **changes_to(kind_of(params), params))
    if not quiet:
        click.echo(f"made by {maker(found)}; of {len(adopted.left)} things that it says nothing was made:", err=True)
        for left in adopted.left:
            click.echo(f"  {printable(str(left))}", err=True)
    return adopted.request


def maker(found: Found) -> str:
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


def comparison(artifact: Artifact, embedded: Embedded, file: Path) -> str:
    if artifact.digest == embedded.digest:
        return f"bit for bit the picture{' that was enlarged into' if embedded.enlarged else ' in'} {file}"
    return f"not bit for bit the picture in {file}: `sdplay verify` says how far apart they are"


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(file: Path, as_json: bool) -> int:
    """Print how a picture was made: the recipe inside, or what another program wrote into it.

    Of the folder of a film, what the film is and how far; of a grid's sheet, its axes and pictures. Read are
    pictures of A1111 and its relatives, ComfyUI, InvokeAI, Fooocus and NovelAI.
    """
    from sdplay.images.write import Embedded
    from sdplay.images.writer import read_sheet

    if file.is_dir():
        return show_job(file, as_json=as_json)
    if (sheet := read_sheet(file)) is not None:
        click.echo(json.dumps(sheet.as_json(), indent=2) if as_json else table(sheet_rows(sheet)))
        return 0
    with open_studio() as studio:
        said = studio.read(file)
    if as_json:
        click.echo(json.dumps(held(said) if isinstance(said, Embedded) else asdict(said), indent=2))
    else:
        click.echo(table(described(said) if isinstance(said, Embedded) else told(said)))
    return 0


def sheet_rows(sheet: SheetRecord) -> Iterator[tuple[str, str]]:
    """What a sheet shows, in rows of name and value: its axes, its pictures in order, and the recipe of the first."""
    from sdplay.images.write import Embedded

    for name, axis in zip(("across", "down", "blocks"), sheet.axes, strict=False):
        yield name, printable(f"{axis.name}: {', '.join(axis.values)}")
    yield "pictures", f"{len(sheet.pictures)}"
    for picture in sheet.pictures:
        block, row, column, _ = picture.place
        places = zip(sheet.axes, (column, row, block), strict=False)
        cell = ", ".join(f"{axis.name} {axis.values[place]}" for axis, place in places if place < len(axis.values))
        yield printable(picture.file) or "(in no file)", printable(cell)
    first = sheet.pictures[0]
    yield "the first", "is drawn like this, and the others differ by the axes"
    digest = first.pixels
    yield from described(Embedded(recipe=sheet.recipe, index=first.index, digest=digest, version=sheet.version))


def held(embedded: Embedded) -> dict[str, Any]:
    """What our chunk holds."""
    recipe = embedded.recipe.ingredients()
    enlarged = {"enlarged": [one.ingredients() for one in embedded.enlarged]} if embedded.enlarged else {}
    return {"sdplay": embedded.version, "index": embedded.index, "pixels": embedded.digest, "recipe": recipe} | enlarged


def told(found: Found) -> Iterator[tuple[str, str]]:
    """What another program wrote, in rows of name and value: first what has a meaning here, then the rest."""
    from sdplay.interop.import_settings import NAMED, fullest_kind, usable

    fields, left = usable(found, fullest_kind(found))
    yield "made by", maker(found)
    named = {name: found.fields[name] for name in NAMED if name in found.fields}
    for name, value in (fields | named).items():
        yield name.replace("_", " "), printable(str(value)) or "(none)"
    for one in left:
        yield "not used here", printable(str(one))


def described(embedded: Embedded) -> Iterator[tuple[str, str]]:
    """The recipe in rows of name and value; the prompt first, digests last."""
    ingredients = embedded.recipe.ingredients()
    ingredients.pop("format")
    model, numerics = ingredients.pop("model"), ingredients.pop("numerics")
    first, seed = embedded.recipe.seed, embedded.recipe.seed + embedded.index
    ingredients["seed"] = f"{seed}" if seed == first else f"{seed} (picture {embedded.index} of a batch from {first})"
    for name in sorted(ingredients, key=lambda name: name != "prompt"):
        yield name.replace("_", " "), printable(str(ingredients[name])) or "(none)"
    yield "model", f"{printable(model['name'])} (family {model['family']}, sha256 {model['digest'][:16]})"
    yield "numerics", ", ".join(f"{name} {value}" for name, value in numerics.items())
    for one in embedded.enlarged:
        yield "enlarged", f"{one.scale:g} times by {printable(one.upscaler)}"
    yield "drawn by", f"sdplay {printable(embedded.version)}"
    yield "pixels", f"sha256 {embedded.digest}"
    yield "recipe", f"sha256 {embedded.recipe.digest}"
