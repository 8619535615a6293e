"""What a grid is made of: resolved cells, the sheet they come together on, and the result that a notebook shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.events import Event, ImageDone, ImageSaved, Reused
from sdplay.files.atomic import write_new
from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.picture import Picture
from sdplay.images.sheet import Label, Layout, Sheet
from sdplay.images.sheet_file import SheetAxis, SheetPicture, SheetRecord, encode_sheet
from sdplay.jobs.pictures import Pictures
from sdplay.jobs.resolve import ResolvedRequest
from sdplay.requests.axes import Axis
from sdplay.requests.grid import Place
from sdplay.requests.recipe import Numerics, Recipe, count, picture_key
from sdplay.requests.request import AnyStill
from sdplay.requests.txt2img import picture_size
from sdplay.version import VERSION

Wanted = dict[str, tuple[ResolvedRequest, int]]  # by `picture_key`


@dataclass(frozen=True, slots=True)
class GridCell:
    """The resolved request of one place."""

    place: Place
    resolved: ResolvedRequest


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a picture goes on the sheet: picture `number` of the cell at `place`."""

    place: Place
    number: int


@dataclass(frozen=True, kw_only=True)
class GridPlan:
    """A grid with nothing left open: `request` is what all cells vary, with the seed that all have that vary none."""

    request: AnyStill
    axes: tuple[Axis, ...]
    cells: tuple[GridCell, ...]

    @cached_property
    def slots(self) -> dict[str, list[tuple[Slot, ResolvedRequest]]]:
        """Where each picture goes, by its key: in more than one place where values come to the same."""
        slots: dict[str, list[tuple[Slot, ResolvedRequest]]] = {}
        for cell in self.cells:
            for index in range(count(cell.resolved.recipe)):
                key = picture_key(cell.resolved.recipe, index)
                slots.setdefault(key, []).append((Slot(cell.place, index), cell.resolved))
        return slots

    @property
    def wanted(self) -> Wanted:
        """The different pictures, those of one model after each other, so that each is loaded once."""
        models: dict[object, int] = {}
        for cell in self.cells:
            models.setdefault(loaded_as(cell.resolved), len(models))
        ordered = sorted(self.slots.items(), key=lambda item: models[loaded_as(item[1][0][1])])
        return {key: (slots[0][1], slots[0][0].number) for key, slots in ordered}


def loaded_as(resolved: ResolvedRequest) -> object:
    """What must be in memory for a recipe: drawing another after it is free where this is the same."""
    recipe, numerics = resolved.recipe, resolved.recipe.numerics
    formats = (numerics.dtype, numerics.decode_dtype, numerics.decode_tile, numerics.attention_slice)
    return recipe.model.digest, resolved.device, formats


class GridSheet:
    """Follows the drawing of a grid and puts each picture where it belongs; holds no picture but the sheet.

    Everything is known by the key that was asked for; see `ImageDone`.
    """

    def __init__(self, plan: GridPlan) -> None:
        self.plan = plan
        self.sheet = Sheet(layout_of(plan))
        self._digests: dict[str, str] = {}
        self._numerics: dict[str, Numerics] = {}
        self._files: dict[str, str] = {}

    def follow(self, event: Event) -> None:
        if isinstance(event, ImageDone | Reused):
            self._put(event.key, event.picture)
        if isinstance(event, ImageSaved | Reused):
            self._files[event.key] = event.artifact.path.name

    def _put(self, key: str, picture: Picture) -> None:
        self._digests[key] = picture.digest
        self._numerics[key] = picture.recipe.numerics
        for slot, _ in self.plan.slots[key]:
            place = slot.place
            self.sheet.put((place.block, place.row, place.column), picture.pixels, slot.number)

    @property
    def record(self) -> SheetRecord:
        """What the sheet says about itself, once all pictures are on it."""
        pictures = [
            SheetPicture(
                place=(slot.place.block, slot.place.row, slot.place.column, slot.number),
                recipe=replace(resolved.recipe, numerics=self._numerics[key]).digest,
                index=slot.number,
                pixels=self._digests[key],
                file=self._files.get(key, ""),
            )
            for key, slots in self.plan.slots.items()
            for slot, resolved in slots
        ]
        return SheetRecord(
            version=VERSION,
            axes=tuple(SheetAxis(name=axis.name, values=axis.labels) for axis in self.plan.axes),
            pictures=tuple(sorted(pictures, key=lambda picture: picture.place)),
            recipe=self.plan.cells[0].resolved.recipe,
        )

    def keep(self, folder: Path, kind: Format) -> Path:
        """Write the sheet into `folder`, unless the very same is there already; raises `DiskFull` or `StoreError`."""
        content, suffix = encode_sheet(self.sheet.image, self.record, kind), SUFFIXES[kind]
        for path in folder.glob(f"grid-*{suffix}"):
            if path.stat().st_size == len(content) and path.read_bytes() == content:
                return path
        return write_new(content, sheet_names(folder, suffix))


def sheet_names(folder: Path, suffix: str) -> Iterator[Path]:
    number = 0
    while True:
        yield folder / f"grid-{number:05d}{suffix}"
        number += 1


def layout_of(plan: GridPlan) -> Layout:
    """The sheet of a plan, before anything is drawn."""
    labels = [tuple(Label(axis.name, value) for value in axis.labels) for axis in plan.axes]
    columns, rows, blocks = [*labels, (), ()][:3]
    recipes = [cell.resolved.recipe for cell in plan.cells]
    return Layout(
        columns=columns,
        rows=rows,
        blocks=blocks,
        title=title_of(plan),
        width=max(picture_size(recipe)[0] for recipe in recipes),
        height=max(picture_size(recipe)[1] for recipe in recipes),
        pictures=max(map(count, recipes)),
    )


def title_of(plan: GridPlan) -> str:
    """The words, and what else all cells have in common."""
    each = [facts(cell.resolved.recipe) for cell in plan.cells]
    common = [fact for fact in each[0] if all(fact in others for others in each)]
    return " · ".join([plan.request.prompt, *common])


def facts(recipe: Recipe) -> list[str]:
    steps, guidance = f"{recipe.steps} steps", f"guidance {recipe.guidance_scale:g}"
    return [f"seed {recipe.seed}", steps, recipe.sampler, recipe.schedule, guidance, recipe.model.name]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A drawn grid, which shows itself as its sheet in a notebook.

    `pictures` are those of all cells, block by block, row by row; `reused` of them were on disk already. `path` is
    where the sheet is saved, None if it is not.
    """

    plan: GridPlan
    pictures: Pictures
    sheet: Image.Image
    reused: int
    path: Path | None

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.plan.axes

    def at(self, column: int, row: int = 0, block: int = 0) -> Pictures:
        """The pictures of one cell; raises `BadRequest` for a place that is not on the grid."""
        first = 0
        for cell in self.plan.cells:
            stop = first + count(cell.resolved.recipe)
            if cell.place == Place(block, row, column):
                return Pictures(self.pictures[first:stop])
            first = stop
        raise BadRequest("is not on this grid", field="place", value=(block, row, column))

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.sheet.save(buffer, "PNG")
        return buffer.getvalue()
