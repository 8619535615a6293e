"""`sdplay things`: what a model that keeps a list of it can draw."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.models import PICKLE
from sdplay.cli.terminal import in_columns, printable
from sdplay.core.errors import shorten

if TYPE_CHECKING:
    from sdplay.library.things import Thing, Things

NO_LIST = "keeps no list of what it draws; one that was trained on photographs follows most words"
STYLES, COLOURS, BACKGROUND = "style", "colour", "background"


@click.command()
@click.argument("word", nargs=-1)
@click.option("--model", default="builtin", show_default=True, help="A model's name, its folder or file.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with their other names and their emoji.")
@PICKLE
def things(word: tuple[str, ...], model: str, as_json: bool, allow_pickle: bool) -> int:
    """List the things that the built-in model draws, all of them or those with WORD in their names.

    WORD may also be an emoji or in another language; if no thing has that name, the nearest are listed.
    """
    from sdplay.library.resolve import resolve
    from sdplay.library.things import read_things

    found, wanted = resolve(model, allow_pickle=allow_pickle), " ".join(word).strip()
    listed, name = read_things(found.path), printable(found.identity.name)
    shown = listed.called(wanted) if listed is not None else ()
    if as_json:
        click.echo(json.dumps(as_data(found.identity.name, wanted, shown, listed), indent=2, ensure_ascii=False))
    elif listed is None:
        click.echo(f"{name} {NO_LIST}")
    elif wanted:
        click.echo("\n".join(of_word(wanted, shown, listed, name)))
    else:
        click.echo("\n".join(of_all(listed, name)))
    return 0


def as_data(name: str, wanted: str, shown: tuple[Thing, ...], listed: Things | None) -> dict[str, Any]:
    """What is listed, as JSON values; `nearest` are names of things where none is called as `wanted`."""
    if listed is None:
        return {"model": name, "things": None}
    nearest = listed.nearest(wanted) if wanted and not shown else ()
    rest = {"most_things": listed.most_things, "words": listed.words}
    return {"model": name, "things": [asdict(thing) for thing in shown], "nearest": nearest} | rest


def of_all(listed: Things, name: str) -> Iterator[str]:
    """All things by group, the best known first, and how they are combined."""
    width = shutil.get_terminal_size().columns
    yield f"{name} draws {len(listed.things):,} things:"
    for group, each in groupby(sorted(listed.things, key=lambda thing: thing.group), key=lambda thing: thing.group):
        yield f"\n{printable(group.replace('-', ', ')).capitalize() or 'Others'}"
        yield in_columns([printable(thing.name) for thing in each], width)
    yield f"\n{how_to_combine(listed)}"


def of_word(wanted: str, shown: tuple[Thing, ...], listed: Things, name: str) -> Iterator[str]:
    """The things with a word in their names, one a line with its other names; else those that are nearest."""
    for thing in shown:
        others = f" ({', '.join(thing.synonyms)})" if thing.synonyms else ""
        yield f"{printable(thing.name + others)} {' '.join(filter(is_shown, thing.emoji))}".rstrip()
    if shown:
        return
    nearest = listed.nearest(wanted)
    near = f"; nearest: {printable(', '.join(nearest))}" if nearest else ""
    yield f"{shorten(printable(wanted))} is not among the {len(listed.things):,} things that {name} draws{near}"


def is_shown(emoji: str) -> bool:
    """Whether an emoji can be printed as it is; several that are joined to one can."""
    return emoji.replace("\u200d", "").isprintable()


def how_to_combine(listed: Things) -> str:
    """One line on what may stand beside a thing."""
    styles, colours = listed.words.get(STYLES, ()), listed.words.get(COLOURS, ())
    parts = [listed.things[0].name if listed.things else "thing"]
    parts[0] = f"a {colours[-2]} {parts[0]}" if len(colours) > 1 else f"a {parts[0]}"
    parts += [styles[0]] if styles else []
    parts += [f"on a {colours[0]} background"] if colours and BACKGROUND in listed.words else []
    each = [f"styles: {', '.join(styles)}" if styles else "", f"colours: {', '.join(colours)}" if colours else ""]
    most = "one thing" if listed.most_things == 1 else f"up to {listed.most_things} things"
    return printable("; ".join([f'Combine {most} with the rest: "{", ".join(parts)}"', *filter(None, each)]))
