"""The table, for the terminal and for `docs/benchmarks.md`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.rows import Row

HEAD = """# Benchmarks

Written by `make bench`; do not edit by hand. Every figure is the median of runs that took turns with their peer
(A B A B) in one go, and has its numerical loss beside it. "CPU" is process CPU time, which other work on the machine
disturbs least; "wall" is time on the clock. The ratio is that of the medians, peer over ours, so above 1 ours is
faster; in brackets the lowest and the highest ratio of a single round. Sections are measured on days of their own.
"""
COLUMNS = ("what", "clock", "ours", "peer", "ratio", "loss", "aim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows that belong together; `about` says what both sides do."""

    title: str
    about: str
    rows: tuple[Row, ...]


def seconds(value: float | None) -> str:
    """`value` with three digits that mean something."""
    return "–" if value is None else f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


def verdict(row: Row) -> str:
    if row.aim is None:
        return "–"
    return f"{row.aim} {'met' if row.met else 'missed'}"


def cells(row: Row) -> tuple[str, ...]:
    shown = str(row.ratio) if row.ratio is not None else "–"
    return (row.what, row.clock, seconds(row.ours), seconds(row.peer), shown, row.loss or "–", verdict(row))


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *map(cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def missed(rows: Sequence[Row], reasons: Mapping[str, str]) -> str:
    """A line for every aim that was missed, with its reason."""
    lines = (f"- {row.what}: {reasons.get(row.key, 'no reason is written yet')}" for row in rows if row.met is False)
    return "\n".join(lines)


def section_text(machine: str, section: Section, reasons: Mapping[str, str]) -> str:
    missing = missed(section.rows, reasons)
    why = f"\n\nMissed, and why:\n\n{missing}" if missing else ""
    measured = f"\n\nMeasured on: {machine}.\n\n{table(section.rows)}{why}" if section.rows else ""
    return f"## {section.title}\n\n{section.about}{measured}\n"


def document(machine: str, sections: Sequence[Section], reasons: Mapping[str, str], before: str = "") -> str:
    """The whole page: `before`, the page as it was, with the `sections` that were measured now in their places.

    What could not be measured here, and has no rows, leaves a section that has some as it was.
    """
    _, *kept = re.split(r"^(?=## )", before, flags=re.MULTILINE)
    texts = {text.partition("\n")[0]: text.rstrip("\n") + "\n" for text in kept}
    for section in sections:
        if section.rows or "| --- |" not in texts.get(f"## {section.title}", ""):
            texts[f"## {section.title}"] = section_text(machine, section, reasons)
    return "\n".join([HEAD, *texts.values()])
