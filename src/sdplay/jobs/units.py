"""What of a job one worker draws by itself: the same list on every machine, however many there are.

Dreams and clips are cut into as many frames as one forward pass takes, animations into whole scenes from cut to cut,
pictures and the cells of grids into as many pictures of one recipe as one pass takes. Nothing of it depends on the
number of workers, so neither does any bit of what they draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sdplay.core.errors import BadRequest
from sdplay.film.plan import FilmPlan
from sdplay.requests.recipe import Recipe

Wanted = Sequence[tuple[Recipe, int]]  # pictures: a recipe, and which one of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Unit `number` of a job: its frames or pictures `first` to `stop` (exclusive).

    `pieces` are what it is drawn in, one after the other, each of which may start from the one before: the segments of
    a film; of pictures the unit itself. `waits_for` is the unit that must be drawn before, None if there is none: the
    first frames of a clip, whose colours the others keep.
    """

    number: int
    pieces: range
    first: int
    stop: int
    waits_for: int | None = None


def film_units(plan: FilmPlan) -> tuple[Unit, ...]:
    """The units of a film, in the order of its frames."""
    units: list[Unit] = []
    chain: int | None = None
    for number in range(plan.segment_count):
        segment, before = plan.segment(number), chain
        chain = plan.chain(number)
        if units and chain == before:
            units[-1] = replace(units[-1], pieces=range(units[-1].pieces.start, number + 1), stop=segment.stop)
            continue
        waits_for = unit_of(units, segment.waits_for) if segment.waits_for is not None else None
        own = range(number, number + 1)
        units.append(Unit(number=len(units), pieces=own, first=segment.first, stop=segment.stop, waits_for=waits_for))
    return tuple(units)


def unit_of(units: Sequence[Unit], piece: int) -> int:
    """The number of the unit that `piece` belongs to; raises `ValueError` where none has it."""
    low, high = 0, len(units)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if units[middle].pieces.stop <= piece else (low, middle)
    if low == len(units) or piece not in units[low].pieces:
        raise ValueError(f"no unit has the piece {piece}")
    return low


def picture_units(wanted: Wanted) -> tuple[Unit, ...]:
    """The units of pictures: neighbours of one recipe together, as many as its batch holds."""
    return tuple(
        Unit(number=number, pieces=range(number, number + 1), first=first, stop=stop)
        for number, (first, stop) in enumerate(batches(wanted))
    )


def batches(wanted: Wanted) -> Iterator[tuple[int, int]]:
    """Where each batch of `wanted` begins and ends."""
    first = 0
    for place, (recipe, _) in enumerate(wanted):
        begun, _ = wanted[first]
        if recipe is not begun or place - first == recipe.numerics.tile:
            yield first, place
            first = place
    if wanted:
        yield first, len(wanted)


def units_in(units: Sequence[Unit], asked: Sequence[tuple[int, int | None]] | None) -> Sequence[Unit]:
    """The units of each span from a first to a last that is `asked` for (None: all, or to the end), in their order and
    as far as there are some.

    Raises `BadRequest` for a span of which the job has no unit.
    """
    if asked is None:
        return units
    found = set[int]()
    for first, last in asked:
        if first >= len(units):
            many = f"the job has the units 0 to {len(units) - 1}"
            text = f"{first}" if last == first else f"{first}-{'' if last is None else last}"
            raise BadRequest(many, field="units", value=text, hint="sdplay draw-units JOB `list` shows them")
        found |= set(range(first, len(units) if last is None else min(last + 1, len(units))))
    return [units[number] for number in sorted(found)]
