"""A grid: one request drawn with every combination of the values of up to three of its fields.

The first axis goes across, the second down, and the third makes a block of such rows for each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, cast

from sdplay.core.errors import BadRequest, problems_of, together
from sdplay.core.values import read_size
from sdplay.requests.axes import SIZE, TEXTS, Axis, axis_field, field_of, invalid_values, read_axis
from sdplay.requests.base import make_request
from sdplay.requests.request import AnyStill

MOST_AXES = 3
MOST_PICTURES = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands: `block` of the third axis, `row` of the second, `column` of the first, each from 0."""

    block: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The request of one place of a grid."""

    place: Place
    request: AnyStill


def read_axes(request: AnyStill, texts: Sequence[str], values: Mapping[str, Sequence[Any]]) -> tuple[Axis, ...]:
    """The axes that `texts` describe, and those of `values` (by the name of a field), in that order.

    Raises `BadRequest` or `BadRequests` with everything that is wrong: names, values, and values of `request`'s fields
    that are invalid. Each value is tried by itself; `cells` tries them together.
    """
    kind = type(request)
    read = [read_axis(text, kind) for text in texts]
    axes = [axis for axis, _ in read if axis is not None]
    problems = [problem for _, wrong in read for problem in wrong]
    for name, given in values.items():
        try:
            field, shown = field_of(name, kind)
            if not given:
                raise BadRequest("has no values", field=axis_field(shown), value=list(given))
            axes.append(Axis(field=field, name=shown, values=tuple(frozen(value, field) for value in given)))
        except BadRequest as error:
            problems.append(error)
    for axis in axes:
        problems += invalid_values(axis, request)
    problems += amiss(axes, len(texts) + len(values))
    if problems:
        raise together(different(problems))
    return tuple(axes)


def frozen(value: object, field: str) -> object:
    """A value somebody gave in Python as fields hold it: lists as tuples, a size as two sides."""
    if field == SIZE and not isinstance(value, list | tuple):
        size = read_size(str(value))
        if size is None:
            raise BadRequest("is not a size", field=axis_field(SIZE), value=value, hint="write 256 or 256x384")
        return size
    return tuple(cast(Sequence[object], value)) if isinstance(value, list | tuple) else value


def amiss(axes: Sequence[Axis], given: int) -> Iterator[BadRequest]:
    """What is wrong with the axes together; a text may vary on two of them, in different words."""
    if not 1 <= given <= MOST_AXES:
        yield BadRequest(f"a grid has one to {MOST_AXES} axes", field="grid", value=given)
    varied: set[str] = set()
    for axis in axes:
        fields = {"width", "height"} if axis.field == SIZE else {axis.field} - set(TEXTS)
        if fields & varied:
            yield BadRequest("varies on another axis already", field=axis_field(axis.name), value=axis.labels)
        varied |= fields


def different(problems: Sequence[BadRequest]) -> list[BadRequest]:
    """Each problem once."""
    return list({(each.field, each.reason, repr(each.value)): each for each in problems}.values())


def shape(axes: Sequence[Axis]) -> tuple[int, int, int]:
    """(blocks, rows, columns)."""
    sizes = [len(axis.values) for axis in axes] + [1] * (MOST_AXES - len(axes))
    return sizes[2], sizes[1], sizes[0]


def cells(request: AnyStill, axes: Sequence[Axis], limit: int = MOST_PICTURES) -> list[Cell]:
    """All cells, block by block and row by row; raises `BadRequest` for more than `limit` pictures and
    `BadRequests` for values that are invalid together.
    """
    sizes = shape(axes)
    check_count(prod(sizes), sizes, limit)  # before there are so many of them
    fields, planned, problems = request.model_dump(), list[Cell](), list[BadRequest]()
    for block, row, column in product(*map(range, sizes)):
        try:
            changed = fields
            for axis, number in zip(axes, (column, row, block), strict=False):
                changed = axis.applied(changed, number)
            planned.append(Cell(Place(block, row, column), make_request(type(request), **changed)))
        except BadRequest as error:
            problems += problems_of(error)
    if problems:
        raise together(different(problems))
    check_count(sum(cell.request.num for cell in planned), sizes, limit)
    return planned


def check_count(pictures: int, sizes: tuple[int, int, int], limit: int) -> None:
    if pictures > limit:
        blocks, rows, columns = sizes
        across = f"{columns} x {rows}" + (f" x {blocks}" if blocks > 1 else "")
        raise BadRequest(
            f"{across} cells are {pictures:,} pictures, and {limit:,} are the most",
            field="grid",
            value=pictures,
            hint=f"take fewer values, or allow so many with `grid_limit={pictures}`",
        )
