"""Grids of the service: what a client asks for, checked and resolved; and what the queue keeps of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from math import prod
from typing import Any, cast

from sdplay.core.errors import BadRequest, problems_of, together
from sdplay.core.warning import RequestWarning
from sdplay.jobs.grid_sheet import GridPlan, loaded_as
from sdplay.jobs.resolve import ResolvedRequest, memory_of
from sdplay.requests.axes import Axis, axis_field, in_words_of, read_axis
from sdplay.requests.grid import MOST_AXES, MOST_PICTURES, Place, cells, different, read_axes, shape
from sdplay.requests.modes import ROLES
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import STILLS, AnyStill, kind_of
from sdplay.requests.txt2img import picture_size
from sdplay.server.clients import GRID, NAMES, OWN, Limits, check_limits, check_tags, client_request, refused
from sdplay.server.notes import once
from sdplay.server.pace import still_work
from sdplay.server.records import Upload
from sdplay.studio import Studio

LONGEST_AXIS = 20_000  # characters
MOST_NOTES = 20
DRAWN = "drawn"  # what of a job's request says what its pictures are
OF_MODE, BASE, CHANGES, PICTURES, CELLS = "mode", "recipe", "changes", "pictures", "cells"
SET, GONE = "set", "gone"


def plan_grid(
    studio: Studio, fields: Mapping[str, Any], uploaded: Callable[[str], Upload | None], limits: Limits
) -> GridPlan:
    """The grid that a client's `fields` ask for: those of a request for pictures, and in `grid` one to three axes as
    they are written on the command line. Raises `BadRequest` and its kinds, at `grid steps` for the axis of the steps.
    """
    given = dict(fields)
    texts = axes_asked(given.pop(GRID, None))
    kind = kind_of(given)
    try:
        request = cast("AnyStill", client_request(kind.model_fields["mode"].default, given, uploaded))
    except BadRequest as error:
        wrong = [problem for text in texts for problem in read_axis(text, kind)[1]]
        raise together(different([*problems_of(error), *wrong])) from None
    axes = read_axes(request, texts, {})
    check_axes(axes)
    check_cells(request, axes, limits)
    plan = studio.grids.plan(request, *texts, limit=limits.pictures * MOST_PICTURES)
    check_work(plan, limits)
    return plan


def axes_asked(given: Any) -> list[str]:
    """The texts of the axes; raises `BadRequest`."""
    texts = [given] if isinstance(given, str) else cast("list[Any]", given) if isinstance(given, list) else []
    if not 1 <= len(texts) <= MOST_AXES or not all(isinstance(text, str) for text in texts):
        hint = 'such as ["steps=10,20,30", "guidance=3-7"]'
        raise BadRequest(f"is not a list of one to {MOST_AXES} axes", field=GRID, value=texts, hint=hint)
    for text in texts:
        if len(text) > LONGEST_AXIS:
            raise BadRequest("is too long", field=GRID, value=text[:100], hint=f"up to {LONGEST_AXIS:,} characters")
    return texts


def check_axes(axes: Sequence[Axis]) -> None:
    """Raise `BadRequest` for an axis that no client may vary."""
    for axis in axes:
        if axis.field in OWN:
            reason, hint = "is for the owner of the service to decide", "vary another field"
        elif axis.field in ROLES:
            reason, hint = "pictures vary on the command line alone", "draw a grid for each picture"
        else:
            continue
        raise BadRequest(reason, field=axis_field(axis.name), hint=hint)


def check_cells(request: AnyStill, axes: Sequence[Axis], limits: Limits) -> None:
    """Raise `BadRequest` for too many cells, and for values that no client may give."""
    count = prod(shape(axes))
    if count > limits.pictures:
        raise too_many(count, "cells", limits)
    problems: list[BadRequest] = []
    for cell in cells(request, axes, limits.pictures * MOST_PICTURES):
        for problem in strange_names(cell.request):
            for axis in axes:
                problem = in_words_of(axis, problem)
            problems.append(problem)
    if problems:
        raise together(different(problems))


def strange_names(request: AnyStill) -> Iterator[BadRequest]:
    """What a client may not name, in fields and in prompts."""
    yield from refused({name: getattr(request, name, None) for name in NAMES if getattr(request, name, None)})
    try:
        check_tags(request)
    except BadRequest as error:
        yield error


def check_work(plan: GridPlan, limits: Limits) -> None:
    """Raise `BadRequest` for more than one job may be, all pictures together."""
    wanted = plan.wanted.values()
    if len(wanted) > limits.pictures:
        raise too_many(len(wanted), "pictures", limits)
    drawn = work = 0.0
    for resolved, _ in wanted:
        check_limits(resolved.recipe, 1, limits, film=False)
        drawn += prod(picture_size(resolved.recipe))
        work += still_work(resolved.recipe)
    if drawn > limits.drawn or work > limits.work:
        reason = "this is more work than the service does in one job"
        raise BadRequest(reason, field=GRID, value=len(wanted), hint="take fewer values, or ask in several jobs")


def too_many(count: int, of_what: str, limits: Limits) -> BadRequest:
    reason = f"these are {count:,} {of_what}, and the service draws up to {limits.pictures:,} pictures in one job"
    return BadRequest(reason, field=GRID, value=count, hint="take fewer values")


def notes_of(plan: GridPlan) -> Sequence[RequestWarning]:
    """What is to be said of the cells, each once."""
    said = [warning for cell in plan.cells for warning in cell.resolved.warnings]
    memory = memory_of(largest_of(plan))
    said += [memory.warning] if memory is not None and memory.warning is not None else []
    return once(said)[:MOST_NOTES]


def largest_of(plan: GridPlan) -> ResolvedRequest:
    """The cell that takes the most memory."""
    largest: dict[object, ResolvedRequest] = {}
    for cell in plan.cells:
        known = largest.setdefault(loaded_as(cell.resolved), cell.resolved)
        if prod(picture_size(cell.resolved.recipe)) > prod(picture_size(known.recipe)):
            largest[loaded_as(cell.resolved)] = cell.resolved
    memories = [(memory_of(one), one) for one in largest.values()]
    return max(memories, key=lambda pair: pair[0].plan.predicted if pair[0] is not None else 0)[1]


def kept_grid(plan: GridPlan, texts: Sequence[str]) -> dict[str, Any]:
    """What the queue keeps of a grid: the fields of its request, and every picture with nothing left open; of recipes
    the first, and what is different in the others.
    """
    request, recipes, numbers = plan.request, list[ResolvedRequest](), dict[str, int]()
    pictures: list[tuple[int, int]] = []
    for key, (resolved, index) in plan.wanted.items():
        if not recipes or recipes[-1] is not resolved:
            recipes.append(resolved)
        numbers[key] = len(pictures)
        pictures.append((len(recipes) - 1, index))
    placed: dict[Place, dict[int, int]] = {cell.place: {} for cell in plan.cells}
    for key, slots in plan.slots.items():
        for slot, _ in slots:
            placed[slot.place][slot.number] = numbers[key]
    written = [resolved.recipe.to_dict() for resolved in recipes]
    return {
        "fields": request.model_dump(mode="json", exclude={"run"}, exclude_unset=True) | {"seed": request.seed},
        GRID: list(texts),
        DRAWN: {
            OF_MODE: request.mode,
            BASE: written[0],
            CHANGES: [difference(written[0], one) for one in written],
            PICTURES: pictures,
            CELLS: [[shown[number] for number in sorted(shown)] for shown in placed.values()],
        },
    }


def difference(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What makes `other` of `base`."""
    changed = {name: value for name, value in other.items() if name not in base or base[name] != value}
    gone = [name for name in base if name not in other]
    return {SET: changed, GONE: gone} if gone else {SET: changed}


def digest_of(kept: Mapping[str, Any]) -> str:
    """The same for grids with the same pictures in the same cells."""
    return sha256(json.dumps([kept[GRID], kept[DRAWN]], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class KeptGrid:
    """The grid that a job's `request` is about. Its pictures are numbered in the order in which they are drawn."""

    request: Mapping[str, Any]

    @property
    def total(self) -> int:
        """How many different pictures it has; its sheet has the number after the last."""
        return len(self.pictures)

    @property
    def kind(self) -> type[AnyStill]:
        return STILLS[self.request[DRAWN][OF_MODE]]

    @cached_property
    def axes(self) -> list[Axis]:
        read = [read_axis(text, self.kind)[0] for text in self.request[GRID]]
        return [axis for axis in read if axis is not None]

    @property
    def pictures(self) -> list[tuple[int, int]]:
        """For each picture the number of its recipe, and its index there."""
        return self.request[DRAWN][PICTURES]

    @property
    def cells(self) -> list[list[int]]:
        """The numbers of the pictures in each cell, block by block, row by row."""
        return self.request[DRAWN][CELLS]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(blocks, rows, columns)."""
        return shape(self.axes)

    def recipe(self, number: int) -> Recipe:
        """Recipe `number`."""
        drawn = self.request[DRAWN]
        change = drawn[CHANGES][number]
        kept = {name: value for name, value in drawn[BASE].items() if name not in change.get(GONE, ())}
        return Recipe.from_dict(kept | change[SET])

    def cells_of(self, picture: int) -> list[int]:
        """The cells that show a picture."""
        return [number for number, shown in enumerate(self.cells) if picture in shown]

    def recipe_of_cell(self, number: int) -> Recipe:
        """What the cell `number` shows, with as many pictures as it has."""
        shown = self.cells[number]
        recipe = self.recipe(self.pictures[shown[0]][0])
        return replace(recipe, request=recipe.request.model_copy(update={"num": len(shown)}))
