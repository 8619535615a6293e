"""Pictures, and the cells of a grid, drawn by processes that share a folder, and joined to files and a sheet."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sdplay.core.errors import BadRequest
from sdplay.events import Event, ImageDone, ImageSaved
from sdplay.files.atomic import replace_file, sync_folder, writing
from sdplay.film.job.description import damage_named, here, run_options
from sdplay.film.job.folder import JobFolder
from sdplay.images.formats import LOSSY, MEDIA_TYPES, SUFFIXES
from sdplay.images.own import read_own
from sdplay.images.picture import Picture, SavedImage, pixel_digest
from sdplay.images.write import encode
from sdplay.images.writer import ImageWriter
from sdplay.jobs.grid_sheet import GridCell, GridPlan, GridSheet
from sdplay.jobs.history import History
from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.jobs.shards.pieces import PieceFiles, PieceRecord, PieceStore, damaged
from sdplay.jobs.shards.worker import Origin
from sdplay.jobs.units import Unit, picture_units
from sdplay.requests.axes import Axis
from sdplay.requests.grid import Place
from sdplay.requests.recipe import Recipe, count, picture_key
from sdplay.tasks import DrawTask
from sdplay.version import VERSION

FREE = frozenset({"made_by", "found"})
PICTURES, GRID = "pictures", "grid"
NAMES = "joined.json"  # what the files are called, once they are there


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOutput:
    """What kind of file pictures become, and the pattern of their names (None: the usual ones)."""

    format: str = "png"
    name: str | None = None


class PictureFolder(JobFolder):
    """The folder of a job of pictures; what it is is in a file of another name than that of a film."""

    file = "pictures.json"


def prepare_pictures(resolved: Sequence[ResolvedRequest], out: Path, output: PictureOutput) -> JobFolder:
    """Make the job of all pictures of `resolved` in the folder `out`, and draw nothing.

    Raises `BadRequest` for a folder with another job or other files in it.
    """
    wanted = [(number, index) for number, each in enumerate(resolved) for index in range(count(each.recipe))]
    return made_folder(out, described(resolved, wanted, output))


def prepare_grid(plan: GridPlan, out: Path, output: PictureOutput) -> JobFolder:
    """Make the job of the grid `plan` in the folder `out`, and draw nothing; raises as `prepare_pictures`."""
    resolved = [cell.resolved for cell in plan.cells]
    numbers = {id(each): number for number, each in enumerate(resolved)}
    wanted = [(numbers[id(each)], index) for each, index in plan.wanted.values()]
    axes = [{"field": axis.field, "name": axis.name, "values": axis.values} for axis in plan.axes]
    places = [(cell.place.block, cell.place.row, cell.place.column) for cell in plan.cells]
    grid = {"prompt": plan.request.prompt, "axes": axes, "places": places}
    return made_folder(out, described(resolved, wanted, output) | {GRID: grid})


def made_folder(out: Path, description: Mapping[str, Any]) -> JobFolder:
    try:
        return PictureFolder.create(out, description, FREE)
    except BadRequest as error:
        hint = error.hint.partition(";")[0]  # a fork is something that films have
        raise BadRequest(error.reason, field=error.field, value=error.value, hint=hint) from None


def described(
    resolved: Sequence[ResolvedRequest], wanted: Sequence[tuple[int, int]], output: PictureOutput
) -> dict[str, Any]:
    """The description of a job, as JSON can hold it; `wanted` are the number of a recipe, and which picture of it."""
    recipes = [{"recipe": each.recipe.to_dict(), "asked": asked_of(each.recipe)} for each in resolved]
    places = {each.recipe.model.digest: model_place(each.recipe.request.model) for each in resolved}
    return {
        PICTURES: {"recipes": recipes, "wanted": wanted},
        "output": {"format": output.format, "name": output.name},
        "made_by": here(),
        "found": places,
    }


def asked_of(recipe: Recipe) -> dict[str, Any]:
    """What a recipe does not hold, since no picture depends on it."""
    return {**run_options(recipe.request), "num": count(recipe)}


def model_place(asked: str) -> str:
    """What to call a model by from another folder."""
    return str(Path(asked).absolute()) if Path(asked).exists() else asked


def holds_pictures(path: Path) -> bool:
    """Whether the job in `path` is one of pictures."""
    return (path / PictureFolder.file).exists()


class PictureShards:
    """The units of the pictures in the job folder `path`; a piece is a unit. `model` says where the model is now."""

    thing = PICTURES

    def __init__(self, path: Path, resolver: Resolver, model: str | None = None) -> None:
        self.folder, self._resolver, self._model = PictureFolder.open(path, FREE), resolver, model
        said = self.folder.description
        with damage_named():
            self._recipes = [
                Recipe.from_dict({**each["recipe"], **each["asked"]}) for each in said[PICTURES]["recipes"]
            ]
            self._wanted: list[tuple[Recipe, int]] = [
                (self._recipes[number], int(index)) for number, index in said[PICTURES]["wanted"]
            ]
            self.output = PictureOutput(**said["output"])
            self._grid: dict[str, Any] | None = said.get(GRID)
        self._resolved: dict[int, ResolvedRequest] = {}
        self._units = picture_units(self._wanted)

    @property
    def units(self) -> tuple[Unit, ...]:
        return self._units

    def finished(self) -> set[int]:
        """The units whose pictures are all in the folder."""
        names = self._names()
        there = {place for place, name in enumerate(names) if (self.folder.path / name).is_file()}
        return {unit.number for unit in self._units if there.issuperset(range(unit.first, unit.stop))}

    def _names(self) -> list[str]:
        """What the pictures are called in the folder; none before they are put there."""
        try:
            return list(json.loads((self.folder.path / NAMES).read_bytes())["names"])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(self.folder.path / NAMES, error) from None

    def draw(self, number: int, store: PieceStore) -> Generator[Event, None, PieceFiles]:
        """Draw the pictures of unit `number`; each is encoded as the file that it becomes."""
        started, unit = time.perf_counter(), self._units[number]
        recipe, _ = self._wanted[unit.first]
        places = {self._wanted[place][1]: place for place in range(unit.first, unit.stop)}
        files, pixels, seconds = dict[str, bytes](), dict[str, str](), dict[str, float]()
        resolved = self._ready(recipe)
        task = DrawTask(recipe=resolved.recipe, indices=list(places), model=resolved.model, device=resolved.device)
        with closing(self._resolver.executor.run(task)) as events:
            for event in events:
                if isinstance(event, ImageDone):
                    name = self._file(places[event.picture.index])
                    files[name] = encode(event.picture, self._kind, VERSION)
                    pixels[name], seconds[name] = event.picture.digest, event.picture.seconds
                yield event
        whole = time.perf_counter() - started
        return PieceFiles(number=number, files=files, pixels=pixels, facts={"seconds": seconds}, seconds=whole)

    @property
    def _kind(self) -> Any:
        return self.output.format

    def _file(self, place: int) -> str:
        return f"{place:09d}{SUFFIXES[self._kind]}"

    def _ready(self, recipe: Recipe) -> ResolvedRequest:
        """`recipe` with its model and the pictures that it was given, which must be what they were."""
        if id(recipe) not in self._resolved:
            places = self.folder.description["found"]
            model = self._model or str(places.get(recipe.model.digest, recipe.request.model))
            self._resolved[id(recipe)] = History(self._resolver).recall(recipe, model)
        return self._resolved[id(recipe)]

    def followers(self, numbers: Collection[int]) -> set[int]:
        """No picture is drawn from another."""
        return set()

    def join(self, store: PieceStore, records: Iterable[PieceRecord], origin: Origin) -> Generator[Event, None, None]:
        """Put the pictures into the folder under the names that drawing them there would have given them, and the sheet
        of a grid; those that are there stay.
        """
        with self.folder.lock():
            names = self._names()
            yield from self._put_back(store, records, names) if names else self._put_first(store, records)

    def _put_back(
        self, store: PieceStore, records: Iterable[PieceRecord], names: Sequence[str]
    ) -> Generator[Event, None, None]:
        """Write those pictures again that somebody took away."""
        for record in records:
            for place, picture, content in self._pictures(record, store):
                path = self.folder.path / names[place]
                with writing(self.folder.path):
                    replace_file(path, content)
                yield ImageSaved(artifact=self._artifact(record, place, picture, path))

    def _put_first(self, store: PieceStore, records: Iterable[PieceRecord]) -> Generator[Event, None, None]:
        """Give all pictures their names in a folder of their own, and then move them: whenever that is stopped, doing
        it again gives the same.
        """
        aside = store.root / "joined"
        shutil.rmtree(aside, ignore_errors=True)
        writer = ImageWriter(aside, self.output.format, VERSION, name=self.output.name)
        sheet = GridSheet(self._plan(self._grid)) if self._grid is not None else None
        names, saved = [""] * len(self._wanted), list[SavedImage]()
        for record in records:
            for place, picture, content in self._pictures(record, store):
                kept = writer.write_encoded(picture, content)
                names[place] = kept.path.name
                saved.append(self._artifact(record, place, picture, self.folder.path / kept.path.name))
                if sheet is not None:
                    key = picture_key(*self._wanted[place])
                    sheet.follow(ImageDone(picture=picture, key=key))
                    sheet.follow(ImageSaved(artifact=kept, key=key))
        if sheet is not None:
            sheet.keep(aside, writer.kind)
        with writing(self.folder.path):
            for path in sorted(aside.iterdir()):
                path.replace(self.folder.path / path.name)
            sync_folder(self.folder.path)
            replace_file(self.folder.path / NAMES, json.dumps({"names": names}).encode() + b"\n")
        yield from (ImageSaved(artifact=artifact) for artifact in saved)

    def _pictures(self, record: PieceRecord, store: PieceStore) -> Iterable[tuple[int, Picture, bytes]]:
        """The place, the picture and the file of each picture in a piece; raises `StoreError` for one that is not what
        was drawn. What JPEG and AVIF leave of its pixels proves nothing.
        """
        unit = self._units[record.number]
        for place in range(unit.first, unit.stop):
            name = self._file(place)
            path = store.folder(record.number) / name
            try:
                embedded, pixels = read_own(path)
            except BadRequest as error:
                raise damaged(path, error.reason) from None
            if self.output.format not in LOSSY and pixel_digest(pixels) != record.pixels[name]:
                raise damaged(path, "it shows something else than was drawn")
            seconds = float(record.facts["seconds"][name])
            picture = Picture(pixels=pixels, recipe=embedded.recipe, index=embedded.index, seconds=seconds)
            yield place, picture, store.content(record.number, name)

    def _artifact(self, record: PieceRecord, place: int, picture: Picture, path: Path) -> SavedImage:
        return SavedImage(
            path=path,
            digest=record.pixels[self._file(place)],
            media_type=MEDIA_TYPES[self._kind],
            recipe=picture.recipe,
            index=picture.index,
            seconds=picture.seconds,
        )

    def _plan(self, grid: Mapping[str, Any]) -> GridPlan:
        """The grid as it was planned; nothing is drawn with it."""
        with damage_named():
            axes = tuple(
                Axis(field=axis["field"], name=axis["name"], values=tuple(map(value_of, axis["values"])))
                for axis in grid["axes"]
            )
            cells = tuple(
                GridCell(Place(*place), self._ready(recipe))
                for place, recipe in zip(grid["places"], self._recipes, strict=True)
            )
            request: Any = self._recipes[0].request.model_copy(update={"prompt": grid["prompt"]})
        return GridPlan(request=request, axes=axes, cells=cells)


def value_of(written: Any) -> Any:
    """A value of an axis as it was, from JSON."""
    return tuple(cast("list[Any]", written)) if isinstance(written, list) else written
