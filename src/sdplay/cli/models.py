"""`sdplay models`: which models there are, what one is, and names for more of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdplay.cli.terminal import printable, table

if TYPE_CHECKING:
    from sdplay.library.library import FolderType, Library
    from sdplay.library.resolve import ResolvedModel


PICKLE = click.option(
    "--allow-pickle",
    is_flag=True,
    envvar="SDPLAY_ALLOW_PICKLE",
    help="Open a pickle (.ckpt, .pt, .bin) too: its weights alone, in a process of their own.",
)
FOR_MODELS: dict[FolderType, str] = {
    "loras": "LORA",
    "vae": "VAE",
    "embeddings": "EMBEDDING",
    "controlnet": "CONTROLNET",
}


def library_with(allow_pickle: bool) -> Library:
    """The library of the environment; `allow_pickle` says whether its pickles may be opened."""
    from sdplay.library.library import library_from_env

    return replace(library_from_env(os.environ), allow_pickle=allow_pickle)


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> int:
    """List the models on this computer: those of the program, those that were added, and those in the folders of
    SDPLAY_MODELS.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from sdplay.library.card import shipped_cards
    from sdplay.library.library import library_from_env

    library = library_from_env(os.environ)
    rows = [("NAME", "SIZE", "STEPS", "WHAT IT IS", "LICENCE")]
    for card in shipped_cards().values():
        if card.folder is not None:
            missing = "" if card.folder.is_dir() else " (its files are missing)"
            rows.append((card.name, str(card.size), str(card.steps), card.title + missing, card.licence))
    click.echo(table(rows))
    for rows in (added_rows(library), shelf_rows(library)):
        if rows:
            click.echo()
            click.echo(table(rows))
    for root in library.roots:
        if not root.exists():
            click.echo(f"note: SDPLAY_MODELS names {printable(str(root))}, and nothing is there", err=True)
    click.echo(
        "\nEvery other Stable Diffusion 1.x, 2.x or XL base model: give --model the path of its .safetensors file or "
        "diffusers folder,\nor its id on the Hugging Face hub. SDPLAY_MODELS names folders to look in by name, "
        "`sdplay models add` gives one a name."
    )
    return 0


def added_rows(library: Library) -> list[tuple[str, ...]]:
    """The names that were added, below a heading; empty if there are none."""
    from sdplay.library.card import model_aliases

    rows = list(model_aliases(library.home).items())
    return [("ADDED", "WHAT IT STANDS FOR"), *rows] if rows else []


def shelf_rows(library: Library) -> list[tuple[str, ...]]:
    """What the library holds, below headings: models, then add-ons, the program's own at the end."""
    from sdplay.library.add_ons import shipped_add_ons

    models = [(name, str(path)) for name, path in library.models()]
    rows = [("NAME", "WHERE IT IS"), *models] if models else []
    for sort, heading in FOR_MODELS.items():
        files = [(name, str(path)) for name, path in (*library.files(sort), *shipped_add_ons(sort))]
        rows += [(heading, "WHERE IT IS"), *files] if files else []
    return rows


@models.command()
@click.argument("name")
@PICKLE
def info(name: str, allow_pickle: bool) -> int:
    """Say what the model NAME (a name or a path) is, where it is, and which settings are used by default."""
    from sdplay.library.resolve import resolve

    click.echo(table(described(resolve(name, allow_pickle=allow_pickle))))
    return 0


def described(model: ResolvedModel) -> list[tuple[str, str]]:
    """A model in rows of name and value."""
    from sdplay.library.model_info import read_model_info

    card, info = model.card, read_model_info(model.path)
    return [
        ("name", model.identity.name),
        ("what it is", card.title),
        ("family", card.family),
        *((part.name, str(part)) for part in info.parts),
        ("predicts", info.prediction),
        ("licence", info.licence or card.licence),
        ("where it is", str(model.origin)),
        *([("read from", str(model.path))] if model.path != model.origin else []),
        ("on disk", f"{info.size / 1e6:,.1f} MB"),
        ("found as", model.rule),
        ("sha256", model.identity.digest),
        ("size", f"{card.size}x{card.size}"),
        ("steps", str(card.steps)),
        ("guidance", str(card.guidance_scale)),
        ("sampler", f"{card.sampler}, {card.schedule}"),
    ]


@models.command()
@click.argument("model")
@click.option("--name", help="The name to give it (default: that of the file, folder or hub id).")
@PICKLE
def add(model: str, name: str | None, allow_pickle: bool) -> int:
    """Give MODEL, a path or a hub id, a name that works in every folder. The files stay where they are."""
    from sdplay.library.card import add_alias
    from sdplay.library.fetch import HUB_ID
    from sdplay.library.library import library_from_env
    from sdplay.library.resolve import resolve

    resolved = resolve(model, allow_pickle=allow_pickle)
    from_hub = resolved.identity.name == model and HUB_ID.fullmatch(model) is not None
    given = name if name is not None else Path(resolved.identity.name.partition("@")[0]).name
    stands_for = model if from_hub else str(resolved.origin)
    add_alias(library_from_env(os.environ).home, given, stands_for)
    click.echo(f"{given} stands for {stands_for}, {resolved.card.title}")
    click.echo(f'→ sdplay "a red apple" --model {given}', err=True)
    return 0


@models.command()
@click.argument("name")
def remove(name: str) -> int:
    """Forget a name that was added. The model's files stay where they are."""
    from sdplay.library.card import remove_alias
    from sdplay.library.library import library_from_env

    stood_for = remove_alias(library_from_env(os.environ).home, name)
    click.echo(f"{name} is forgotten; {stood_for} stays as it is")
    return 0


@click.command()
def samplers() -> int:
    """List samplers and noise schedules, with their other names."""
    from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES

    def rows(title: str, known: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [(title, "ALSO CALLED"), *((name, ", ".join(aliases)) for name, aliases in known.items())]

    click.echo(table(rows("--sampler", SAMPLER_ALIASES)))
    click.echo()
    click.echo(table(rows("--schedule", SCHEDULE_ALIASES)))
    return 0
