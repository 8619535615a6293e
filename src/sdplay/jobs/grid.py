"""Grids: one request drawn with every combination of some values, and never the same picture twice."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, problems_of, together
from sdplay.events import Event, Finished, ImageDone, ImageSaved, Mismatch, Reused, Started
from sdplay.images.formats import LOSSY, MEDIA_TYPES
from sdplay.images.own import format_of
from sdplay.images.picture import Picture, SavedImage
from sdplay.images.reuse import Changed, find_reusable
from sdplay.images.writer import ImageWriter
from sdplay.jobs.grid_sheet import Grid, GridCell, GridPlan, GridSheet, Wanted
from sdplay.jobs.pictures import PictureJobs, Pictures
from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.axes import in_words_of
from sdplay.requests.grid import MOST_PICTURES, cells, different, read_axes
from sdplay.requests.recipe import Recipe, picture_key
from sdplay.requests.request import AnyStill
from sdplay.version import VERSION

NO_VALUES: Mapping[str, Sequence[Any]] = {}


class GridJobs:
    """Draws grids."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def draw(
        self,
        request: AnyStill,
        *axes: str,
        out: str | Path | None = None,
        kind: str = "png",
        limit: int = MOST_PICTURES,
        **values: Sequence[Any],
    ) -> Grid:
        """Draw `request` with every combination of values: `studio.grid(request, "steps=10,20", guidance=[3, 5])`.

        The first axis goes across, the second down, a third makes blocks. With `out` the pictures and the sheet are
        kept in that folder as `kind`, and pictures that are there already are not drawn again. Raises what `plan`
        and drawing raise; what is drawn by then is kept.
        """
        plan = self.plan(request, *axes, values=values, limit=limit)
        writer = grid_writer(Path(out), kind) if out is not None else None
        sheet, pictures, reused = GridSheet(plan), dict[str, Picture](), 0
        for event in self.run(plan, writer):
            sheet.follow(event)
            reused += isinstance(event, Reused)
            if isinstance(event, ImageDone | Reused):
                pictures[event.key] = event.picture
            elif isinstance(event, ImageSaved):
                pictures[event.key] = replace(pictures[event.key], path=event.artifact.path)
        placed = {slot: pictures[key] for key, slots in plan.slots.items() for slot, _ in slots}
        order = sorted(placed, key=lambda slot: (slot.place.block, slot.place.row, slot.place.column, slot.number))
        return Grid(
            plan=plan,
            pictures=Pictures(placed[slot] for slot in order),
            sheet=sheet.sheet.image,
            reused=reused,
            path=sheet.keep(writer.folder, writer.kind) if writer is not None else None,
        )

    def plan(
        self,
        request: AnyStill,
        *axes: str,
        values: Mapping[str, Sequence[Any]] = NO_VALUES,
        limit: int = MOST_PICTURES,
    ) -> GridPlan:
        """All cells of a grid, resolved; nothing is drawn and no model is loaded. `axes` are texts as `read_axes` takes
        them, `values` are lists by the name of a field.

        Raises `BadRequest` or `BadRequests` with everything that is wrong with any value, and `BadRequest` for more
        than `limit` pictures.
        """
        if request.seed is None:  # one for the whole grid: cells differ by their axes alone
            request = request.model_copy(update={"seed": self.resolver.new_seed()})
        read = read_axes(request, axes, values)
        planned, problems = list[GridCell](), list[BadRequest]()
        models: dict[str, ResolvedModel] = {}
        for cell in cells(request, read, limit):
            try:
                resolved = self.resolver.resolve(cell.request, model=models.get(cell.request.model))
                models[cell.request.model] = resolved.model
                planned.append(GridCell(cell.place, resolved))
            except BadRequest as error:
                for problem in problems_of(error):
                    for axis in read:
                        problem = in_words_of(axis, problem)
                    problems.append(problem)
        if problems:
            raise together(different(problems))
        return GridPlan(request=request, axes=read, cells=tuple(planned))

    def run(
        self, plan: GridPlan, writer: ImageWriter | None = None, *, preview: bool = False
    ) -> Generator[Event, None, None]:
        """Draw the pictures of a grid that `writer`'s folder does not hold, model by model.

        Those it holds come first: `Reused`, or `Mismatch` if a file was changed since.
        """
        started, missing, pictures = time.perf_counter(), plan.wanted, PictureJobs(self.resolver)
        if writer is not None:
            yield from held(missing, writer.folder)
        begun = False
        for resolved, indices in batches(missing):
            for event in pictures.run(resolved, indices, writer, preview=preview):
                if isinstance(event, Started):
                    if not begun:
                        yield Started(recipe=event.recipe, total=len(missing))
                    begun = True
                elif not isinstance(event, Finished):
                    yield keyed(event, resolved.recipe)
        yield Finished(total=len(missing), seconds=time.perf_counter() - started)


def keyed(event: Event, asked: Recipe) -> Event:
    """`event` with the key of the picture that was asked for, where it tells of one; see `ImageDone`."""
    if isinstance(event, ImageDone):
        return replace(event, key=picture_key(asked, event.picture.index))
    if isinstance(event, ImageSaved):
        return replace(event, key=picture_key(asked, event.artifact.index))
    return event


def held(missing: Wanted, folder: Path) -> Iterator[Event]:
    """Take out of `missing` what `folder` holds."""
    wanted = [(resolved.recipe, index) for resolved, index in missing.values()]
    for existing in find_reusable(folder, wanted):
        if isinstance(existing, Changed):
            yield Mismatch(path=existing.path)
            continue
        resolved, index = missing.pop(existing.key)
        recipe = replace(resolved.recipe, numerics=existing.numerics)
        picture = Picture(pixels=existing.pixels, recipe=recipe, index=index, seconds=0.0, path=existing.path)
        artifact = SavedImage(
            path=existing.path,
            digest=picture.digest,
            media_type=MEDIA_TYPES[format_of(existing.path)],
            recipe=recipe,
            index=index,
            seconds=0.0,
        )
        yield Reused(picture=picture, artifact=artifact, key=existing.key)


def batches(missing: Wanted) -> Iterator[tuple[ResolvedRequest, list[int]]]:
    """The pictures in their order, neighbours of one recipe together."""
    for _, group in groupby(missing.values(), key=lambda each: id(each[0])):
        pairs = list(group)
        yield pairs[0][0], [index for _, index in pairs]


def grid_writer(folder: Path, kind: str) -> ImageWriter:
    """What keeps a grid's pictures; raises `BadRequest` for JPEG and AVIF, whose pixels could prove nothing later."""
    if kind.casefold() in {"jpg", *LOSSY}:
        raise BadRequest(
            "a grid takes pictures that are there already, and the pixels of such a file are not those that were drawn",
            field="format",
            value=kind,
            hint="take png or webp",
        )
    return ImageWriter(folder, kind, VERSION)
