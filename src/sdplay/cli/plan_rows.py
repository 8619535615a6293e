"""Where the rows of a film's plan go, one at a time: a table for people, CSV, JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import click

from sdplay.cli.progress import in_terminal
from sdplay.cli.terminal import printable
from sdplay.core.errors import StoreError

if TYPE_CHECKING:
    from sdplay.film.plan import Row

STDOUT = Path("-")
PAGE = 50  # rows of a table in a terminal before its head comes again
NUMBER_WIDTH = 10
SEEDS_WIDTH = 30
SHOWN_TOGETHER = {"seed": ("seed", "seed_to", "seed_weight"), "prompt": ("prompt", "prompt_to", "prompt_weight")}
NOT_SHOWN = {"seed_to", "seed_weight", "prompt_to", "prompt_weight", "negative_prompt"}


class Rows(Protocol):
    """Takes rows one by one; `end` gets what is known of the film when all have come."""

    def add(self, row: Row) -> None: ...
    def end(self, film: dict[str, Any]) -> None: ...


class CsvRows:
    def __init__(self, file: IO[str], columns: Sequence[str]) -> None:
        self._writer = csv.DictWriter(file, columns, lineterminator="\n")
        self._writer.writeheader()

    def add(self, row: Row) -> None:
        self._writer.writerow(row)

    def end(self, film: dict[str, Any]) -> None:
        """A table holds rows and nothing else."""


class JsonRows:
    """{"frames": [a row a line], "film": {…}}"""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._before = file, '{"frames": [\n'

    def add(self, row: Row) -> None:
        self._file.write(self._before + json.dumps(row, ensure_ascii=False))
        self._before = ",\n"

    def end(self, film: dict[str, Any]) -> None:
        opened = self._before if self._before != ",\n" else ""
        self._file.write(f'{opened}\n],\n"film": {json.dumps(film, ensure_ascii=False, indent=1)}}}\n')


class PlainRows:
    """Columns of a fixed width, as rows must not wait for each other."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = shown_columns(columns)
        click.echo(self._line(self._columns))

    def add(self, row: Row) -> None:
        click.echo(self._line([cell(row, name) for name in self._columns]))

    def end(self, film: dict[str, Any]) -> None:
        click.echo()

    def _line(self, cells: Sequence[str]) -> str:
        return "  ".join(text.ljust(width(name)) for name, text in zip(self._columns, cells, strict=True)).rstrip()


class RichRows:
    """A table for a terminal, page by page."""

    def __init__(self, columns: Sequence[str]) -> None:
        from rich.console import Console

        self._columns, self._console = shown_columns(columns), Console(file=sys.stdout, highlight=False)
        self._page: list[Row] = []

    def add(self, row: Row) -> None:
        self._page.append(row)
        if len(self._page) == PAGE:
            self._print()

    def end(self, film: dict[str, Any]) -> None:
        if self._page:
            self._print()

    def _print(self) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in self._columns:
            free = {"overflow": "ellipsis", "no_wrap": True} if name == "prompt" else {"min_width": width(name)}
            table.add_column(name, **free)  # type: ignore[arg-type]  # of the two, each is whole
        for row in self._page:
            style = {"key": "bold", "cut": "bold magenta"}.get(str(row["key"]), "dim")
            table.add_row(*(Text(cell(row, name)) for name in self._columns), style=style)
        self._console.print(table)
        self._page = []


def shown_columns(columns: Sequence[str]) -> list[str]:
    """The columns of a table for people: what belongs together is in one."""
    return [name for name in columns if name not in NOT_SHOWN]


def width(name: str) -> int:
    if name == "key":
        return 3
    return SEEDS_WIDTH if name == "seed" else max(len(name), NUMBER_WIDTH if name not in ("frame", "steps") else 6)


def cell(row: Row, name: str) -> str:
    """The text of a cell; `a → b 0.25` where a quarter of the way from a to b is gone."""
    start, end, weight = (row.get(part) for part in SHOWN_TOGETHER.get(name, (name, "", "")))
    text = short(start)
    return text if weight is None or end is None else f"{text} → {short(end)} {short(weight)}"


def short(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value))


@contextmanager
def destinations(columns: Sequence[str], paths: dict[str, Path | None], *, quiet: bool) -> Iterator[list[Rows]]:
    """Where rows go: to the files under "csv" and "json" ("-" is stdout), else to a table for people.

    Raises `StoreError` for a file that cannot be written; one that was begun gets its name when all rows are in.
    """
    from contextlib import ExitStack

    with ExitStack() as stack:
        rows: list[Rows] = []
        for kind, path in paths.items():
            if path is not None:
                file = stack.enter_context(opened(path))
                rows.append(CsvRows(file, columns) if kind == "csv" else JsonRows(file))
        if not rows and not quiet:
            rows.append(RichRows(columns) if in_terminal() else PlainRows(columns))
        yield rows


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    from sdplay.files.atomic import replacing

    if path == STDOUT:
        yield sys.stdout
        return
    try:
        with replacing(path, into_devices=True) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror or error}", field="file", value=str(path)) from error
