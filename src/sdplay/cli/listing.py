"""`sdplay models` and `sdplay samplers`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """`rows` in columns, two spaces apart."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


@click.command()
def models() -> int:
    """List the models that need no download."""
    from sdplay.models.registry import shipped_cards

    rows = [("NAME", "SIZE", "STEPS", "WHAT IT IS", "LICENCE")]
    for card in shipped_cards().values():
        if card.folder is not None:
            missing = "" if card.folder.is_dir() else " (its files are missing)"
            rows.append((card.name, str(card.size), str(card.steps), card.title + missing, card.licence))
    click.echo(table(rows))
    click.echo("\nEvery other Stable Diffusion 1.x model: give the path of its diffusers folder to --model.")
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
