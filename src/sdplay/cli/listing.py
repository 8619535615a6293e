"""`sdplay samplers`, and the table and the spelling that every list is printed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """`rows` in columns, two spaces apart."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def printable(text: str) -> str:
    """`text` with control characters spelled out: a picture from elsewhere must not steer the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


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
