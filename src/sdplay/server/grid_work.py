"""Grids while they are drawn: which pictures are missing, and the sheet once all are there."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path
from typing import cast

from sdplay.core.errors import SdplayError
from sdplay.events import Event, Reused
from sdplay.images.formats import MEDIA_TYPES, Format
from sdplay.images.own import format_of, read_own
from sdplay.images.picture import Picture, SavedImage
from sdplay.images.sheet_file import encode_sheet
from sdplay.jobs.grid_sheet import GridCell, GridPlan, GridSheet
from sdplay.jobs.resolve import ResolvedRequest
from sdplay.requests.grid import Place
from sdplay.requests.recipe import Recipe, picture_key
from sdplay.requests.request import AnyStill
from sdplay.server.grids import KeptGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet as a file, and its size."""

    content: bytes
    width: int
    height: int


def missing_parts(grid: KeptGrid, there: Iterable[int]) -> Iterator[tuple[Recipe, dict[int, int]]]:
    """What is still to be drawn: each recipe, with the numbers of the pictures by their index in it."""
    known = set(there)
    missing = [(number, *one) for number, one in enumerate(grid.pictures) if number not in known]
    for recipe, group in groupby(missing, key=lambda one: one[1]):
        yield grid.recipe(recipe), {index: number for number, _, index in group}


def plan_again(grid: KeptGrid, resolved: ResolvedRequest) -> GridPlan:
    """The grid as it is laid out; `resolved` stands for the models of all cells, which a sheet does not look at."""
    places = [Place(*place) for place in product(*map(range, grid.shape))]
    planned = [
        GridCell(place, replace(resolved, recipe=grid.recipe_of_cell(number))) for number, place in enumerate(places)
    ]
    request = cast("AnyStill", planned[0].resolved.recipe.request)
    words = request.model_copy(update={"prompt": grid.request["fields"]["prompt"]})
    return GridPlan(request=words, axes=tuple(grid.axes), cells=tuple(planned))


def draw_sheet(
    plan: GridPlan, grid: KeptGrid, files: Mapping[int, Path], kind: Format
) -> Generator[Event, None, Sheet | None]:
    """Lay the pictures in `files` out, by their numbers, with an event for each. None where one of them is not there
    any more, or is no picture of ours.
    """
    sheet = GridSheet(plan)
    for number, (recipe, index) in enumerate(grid.pictures):
        try:
            embedded, pixels = read_own(files[number])
        except (KeyError, SdplayError):
            return None
        picture = Picture(pixels=pixels, recipe=embedded.recipe, index=embedded.index, seconds=0.0, path=files[number])
        reused = Reused(picture=picture, artifact=saved(picture), key=picture_key(grid.recipe(recipe), index))
        sheet.follow(reused)
        yield reused
    image = sheet.sheet.image
    return Sheet(content=encode_sheet(image, sheet.record, kind), width=image.width, height=image.height)


def saved(picture: Picture) -> SavedImage:
    assert picture.path is not None
    return SavedImage(
        path=picture.path,
        digest=picture.digest,
        media_type=MEDIA_TYPES[format_of(picture.path)],
        recipe=picture.recipe,
        index=picture.index,
        seconds=picture.seconds,
    )
