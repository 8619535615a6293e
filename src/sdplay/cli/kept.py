"""`sdplay verify`, `again` and `show`: what can be done with a picture that was kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.deliver import deliver, delivery_from, delivery_options
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.job import show_job, verify_job
from sdplay.cli.listing import printable, table
from sdplay.cli.models import PICKLE, shelves_with
from sdplay.cli.verdict import DIFFERS, SAME, unproved
from sdplay.core.errors import BadRequest, NotReproduced, SdplayError

if TYPE_CHECKING:
    from sdplay.core.artifact import Artifact
    from sdplay.core.request import Request
    from sdplay.imaging.metadata import Embedded
    from sdplay.studio import Settled, Studio

FILE = click.Path(path_type=Path)
MODEL_HELP = "Where the model is that it was drawn with, if not where it was."


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--model", help=MODEL_HELP)
@click.option("--image", help="Where the picture is that it was drawn from, if not where it was.")
@click.option("--mask", help="The same for the mask.")
@click.option("--every", type=click.IntRange(min=1), default=1, help="Of a film: every n-th unit only.")
@PICKLE
def verify(files: tuple[Path, ...], model: str | None, every: int, allow_pickle: bool, **pictures: str | None) -> int:
    """Draw pictures, or the folders of films, again and compare, bit for bit.

    Exit code 0: all came out the same; 1: one differs, and what made it differ is said; 2: one could not be tried.
    """
    with open_studio(shelves=shelves_with(allow_pickle)) as studio:
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
            from sdplay.core.request import STILLS

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
    about it; --seed -1 takes a new seed.
    """
    from sdplay.cli.progress import progress_for
    from sdplay.store.keep import read_kept

    embedded, _ = read_kept(file)
    delivery = delivery_from(params)
    shelves = shelves_with(bool(params.get("allow_pickle")))
    with in_the_words_of(ctx), open_studio(shelves=shelves) as studio, progress_for(quiet=delivery.quiet) as progress:
        changes = changes_to(type(embedded.recipe.request), params)
        settled, indices = settle_again(studio, embedded, changes)
        artifacts = deliver(studio, settled, indices, delivery, progress)
    if settled.recipe.digest == embedded.recipe.digest and not delivery.quiet:
        click.echo(comparison(artifacts[0], embedded, file), err=True)
    return 0


def changes_to(kind: type[Request], params: dict[str, Any]) -> dict[str, Any]:
    """The fields of `kind` that were typed; raises `BadRequest` for a flag that only another mode has."""
    from sdplay.core.request import STILLS

    elsewhere = {name for other in STILLS.values() for name in other.model_fields} - kind.model_fields.keys()
    for name in elsewhere & params.keys():
        if params[name] is not None:
            mode = kind.model_fields["mode"].default
            raise BadRequest(f"means nothing for a picture of the mode {mode}", field=name, value=params[name])
    return request_fields(kind, params)


def settle_again(studio: Studio, embedded: Embedded, changes: dict[str, Any]) -> tuple[Settled, Sequence[int]]:
    """What to draw: the recipe in the file itself where nothing is changed, else a new one made from its request."""
    if not changes.keys() - {"model", "allow_pickle", "image", "mask"}:
        pictures = {role: changes.get(role) for role in ("image", "mask")}
        try:
            return studio.recall(embedded, changes.get("model"), pictures), [embedded.index]
        except NotReproduced:
            if not changes:
                raise
            # a flag pointed at another model or picture than its own: a change like any other
    from sdplay.core.request import ask
    from sdplay.modes.plan import count

    was = embedded.recipe.request
    first = {**was.model_dump(), "seed": embedded.recipe.seed + embedded.index, "num": 1}
    request = ask(type(was), **{**first, **changes})
    settled = studio.settle(request)
    return settled, range(count(settled.recipe))


def comparison(artifact: Artifact, embedded: Embedded, file: Path) -> str:
    if artifact.digest == embedded.digest:
        return f"bit for bit the picture in {file}"
    return f"not bit for bit the picture in {file}: `sdplay verify` says how far apart they are"


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print it as the JSON that the file holds.")
def show(file: Path, as_json: bool) -> int:
    """Print the recipe inside a kept picture, or what the film in a folder is and how far."""
    from sdplay.store.keep import read_kept

    if file.is_dir():
        return show_job(file, as_json=as_json)

    embedded, _ = read_kept(file)
    if as_json:
        recipe = embedded.recipe.ingredients()
        held = {"sdplay": embedded.version, "index": embedded.index, "pixels": embedded.digest, "recipe": recipe}
        click.echo(json.dumps(held, indent=2))
    else:
        click.echo(table(described(embedded)))
    return 0


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
    yield "drawn by", f"sdplay {printable(embedded.version)}"
    yield "pixels", f"sha256 {embedded.digest}"
    yield "recipe", f"sha256 {embedded.recipe.digest}"
