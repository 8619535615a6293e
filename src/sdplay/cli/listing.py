"""`sdplay models` and `sdplay samplers`: what there is to choose from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import click


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """`rows` in columns, two spaces apart."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> int:
    """List the models that are here: those of the program, and those in the folders of SDPLAY_MODELS."""
    if ctx.invoked_subcommand is not None:
        return 0
    from sdplay.models.registry import shipped_cards
    from sdplay.models.shelves import shelves_of

    rows = [("NAME", "SIZE", "STEPS", "WHAT IT IS", "LICENCE")]
    for card in shipped_cards().values():
        if card.folder is not None:
            missing = "" if card.folder.is_dir() else " (its files are missing)"
            rows.append((card.name, str(card.size), str(card.steps), card.title + missing, card.licence))
    click.echo(table(rows))
    found = list(shelves_of(os.environ).models())
    if found:
        click.echo()
        click.echo(table([("NAME", "WHERE IT IS"), *((name, str(path)) for name, path in found)]))
    click.echo(
        "\nEvery other Stable Diffusion 1.x, 2.x or XL base model: give --model the path of its .safetensors file or "
        "diffusers folder,\nor its id on the Hugging Face hub. SDPLAY_MODELS names folders to look in by name."
    )
    return 0


@models.command()
@click.argument("name")
def info(name: str) -> int:
    """Tell what the model NAME is, where it is, and what is taken when nothing is asked."""
    from sdplay.models.resolve import resolve

    found = resolve(name)
    card = found.card
    rows = [
        ("name", found.identity.name),
        ("what it is", card.title),
        ("licence", card.licence),
        ("where it is", str(found.path)),
        ("found as", found.rule),
        ("sha256", found.identity.digest),
        ("size", f"{card.size}x{card.size}"),
        ("steps", str(card.steps)),
        ("guidance", str(card.guidance_scale)),
        ("sampler", f"{card.sampler}, {card.schedule}"),
    ]
    click.echo(table(rows))
    return 0


@click.command()
def samplers() -> int:
    """List samplers and noise schedules, with their other names."""
    from sdplay.modes.settle import SAMPLER_ALIASES, SCHEDULE_ALIASES

    def rows(title: str, known: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [(title, "ALSO CALLED"), *((name, ", ".join(aliases)) for name, aliases in known.items())]

    click.echo(table(rows("--sampler", SAMPLER_ALIASES)))
    click.echo()
    click.echo(table(rows("--schedule", SCHEDULE_ALIASES)))
    return 0
