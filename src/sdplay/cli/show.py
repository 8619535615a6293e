"""`sdplay show`: how a picture was made, what a film is and how far it is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.again import FILE, maker
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import as_flags
from sdplay.cli.terminal import printable, table

if TYPE_CHECKING:
    from sdplay.film.job.folder import JobFolder
    from sdplay.film.job.verify import Progress
    from sdplay.images.sheet_file import SheetRecord
    from sdplay.images.write import Embedded
    from sdplay.interop import ParsedMetadata
    from sdplay.requests.recipe import Recipe


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(file: Path, as_json: bool) -> int:
    """Print how a picture was made: the recipe inside, or what another program wrote into it.

    Of the folder of a film, what the film is and how far; of a grid's sheet, its axes and pictures. Read are
    pictures of A1111 and its relatives, ComfyUI, SwarmUI, InvokeAI, Fooocus, NovelAI, Draw Things and Easy Diffusion.
    """
    from sdplay.images.own import read_sheet
    from sdplay.images.write import Embedded

    if file.is_dir():
        return show_job(file, as_json=as_json)
    if (sheet := read_sheet(file)) is not None:
        click.echo(json.dumps(sheet.as_json(), indent=2) if as_json else table(sheet_rows(sheet)))
        return 0
    with open_studio() as studio:
        source = studio.read(file)
    if as_json:
        click.echo(json.dumps(held(source) if isinstance(source, Embedded) else asdict(source), indent=2))
    else:
        click.echo(table(described(source) if isinstance(source, Embedded) else foreign_rows(source)))
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
    recipe = embedded.recipe.to_dict()
    enlarged = {"enlarged": [one.to_dict() for one in embedded.enlarged]} if embedded.enlarged else {}
    return {"sdplay": embedded.version, "index": embedded.index, "pixels": embedded.digest, "recipe": recipe} | enlarged


def foreign_rows(metadata: ParsedMetadata) -> Iterator[tuple[str, str]]:
    """What another program wrote, in rows of name and value: first what has a meaning here, then the rest."""
    from sdplay.interop.import_settings import NAMED, mode_of, supported_fields

    fields, unused = supported_fields(metadata, mode_of(metadata))
    yield "made by", maker(metadata)
    named = {name: metadata.fields[name] for name in NAMED if name in metadata.fields}
    drawn = {name: fields.pop(name) for name in ("prompt", "negative_prompt")}
    for name, written in (("prompt", metadata.prompt), ("negative_prompt", metadata.negative_prompt)):
        yield name.replace("_", " "), printable(written) or "(none)"
        if drawn[name] != written:
            yield "drawn as", printable(drawn[name])
    for name, value in (fields | named).items():
        yield name.replace("_", " "), printable(str(value)) or "(none)"
    for item in unused:
        yield "also said" if item.is_note else "not used here", printable(as_flags(str(item)))


def described(embedded: Embedded) -> Iterator[tuple[str, str]]:
    """The recipe in rows of name and value; the prompt first, digests last."""
    ingredients = embedded.recipe.to_dict()
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


def show_job(path: Path, *, as_json: bool) -> int:
    """Print what the job in the folder `path` is, and how far."""
    from sdplay.film.job.description import described_recipe
    from sdplay.film.job.folder import JobFolder
    from sdplay.film.job.verify import progress_of
    from sdplay.requests.recipe import count

    folder = JobFolder.open(path)
    recipe, done = described_recipe(folder.description), progress_of(folder)
    total = count(recipe)
    if as_json:
        finished = {"total": total, "done": min(done.frames, total), "seconds": round(done.seconds, 3)}
        click.echo(json.dumps({**folder.description, "digest": folder.digest, "frames": finished}, indent=2))
    else:
        click.echo(table(rows(folder, recipe, done, total)))
    return 0


def rows(folder: JobFolder, recipe: Recipe, done: Progress, total: int) -> Iterator[tuple[str, str]]:
    """The job in rows of name and value: what it is, what was asked otherwise than usual, how far it is."""
    description: Mapping[str, Any] = folder.description
    yield "film", f"{recipe.request.mode}, {total} frames of {recipe.width}x{recipe.height}"
    resolved = {"seed", "steps", "guidance_scale", "sampler", "schedule"}
    asked = recipe.request.model_dump(exclude_defaults=True, exclude={"mode", "model", "width", "height", *resolved})
    for name, value in asked.items():
        yield name.replace("_", " "), printable(str(value))
    for name in sorted(resolved):
        yield name.replace("_", " "), str(getattr(recipe, name))
    yield "model", f"{printable(recipe.model.name)} (sha256 {recipe.model.digest[:16]})"
    yield "begun by", ", ".join(f"{name} {printable(str(value))}" for name, value in description["made_by"].items())
    pace = f", {done.seconds / done.frames:.2f} s each" if done.frames else ""
    yield "finished", f"{min(done.frames, total)} of {total} frames{pace}"
    videos = sorted(path.name for path in folder.path.glob("video.*") if path.suffix != ".part")
    yield "film file", ", ".join(videos) or "not there yet"
    if done.frames < total or not videos:
        yield "to go on", f"sdplay resume {shlex.quote(str(folder.path))}"
    yield "to prove it", f"sdplay verify {shlex.quote(str(folder.path))}"
