"""Makes what jobs ask for, by the studio: pictures, grids, films, enlargements, proofs. What is there already stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sdplay.core.errors import NotReproduced
from sdplay.events import Event, FilmSaved, FramesSaved, ImageDone, Stepped
from sdplay.files.atomic import prepare_folder, replace_file, store_error
from sdplay.images.formats import MEDIA_TYPES
from sdplay.images.own import read_own
from sdplay.images.picture import Picture
from sdplay.images.write import encode
from sdplay.requests.recipe import Recipe
from sdplay.server.clients import FILM_FORMATS, GRID, formats_of
from sdplay.server.films import film_folder, film_request, fork_source, frames_asked, words_of
from sdplay.server.found import prompts_of, state_of
from sdplay.server.gallery import Gallery
from sdplay.server.grid_work import draw_sheet, missing_parts, plan_again
from sdplay.server.grids import KeptGrid
from sdplay.server.queue import JobQueue
from sdplay.server.records import Job, StoredPicture
from sdplay.studio import Studio
from sdplay.version import VERSION

UPSCALE, VERIFY = "upscale", "verify"


@dataclass(frozen=True, slots=True)
class Heeded:
    """What is heeded while a job is made: `check` raises where it is not to go on, `is_skipped` says once that the
    picture drawn now is to be left out, `is_urgent` that somebody else waits for the next step.
    """

    check: Callable[[Job], None]
    is_skipped: Callable[[Job], bool]
    is_urgent: Callable[[], bool]


class Maker:
    """Makes jobs; used by several threads at once."""

    def __init__(self, queue: JobQueue, gallery: Gallery, studio: Studio, heeded: Heeded) -> None:
        self._queue, self._gallery, self._studio, self._heeded = queue, gallery, studio, heeded

    def events_of(self, job: Job) -> Generator[Event, None, None]:
        """Make what `job` asks for, with an event for each step."""
        self._heeded.check(job)
        if job.mode == UPSCALE:
            return self._upscale(job)
        if job.mode == VERIFY:
            return self._verify(job)
        if job.mode in {"dream", "animate"}:
            return self._film(job)
        if job.mode == GRID:
            return self._grid(job)
        return self._pictures(job)

    def _pictures(self, job: Job) -> Generator[Event, None, None]:
        """Draw those pictures of a job that are not there yet, and are not skipped."""
        there = self._there(job)
        numbers = {index: index for index in range(job.total) if index not in there}
        yield from self._draw(job, Recipe.from_dict(job.request["recipe"]), numbers)

    def _grid(self, job: Job) -> Generator[Event, None, None]:
        """Draw those pictures of a grid that are not there yet, recipe by recipe, and lay them out on its sheet."""
        grid = KeptGrid(job.request)
        for recipe, numbers in missing_parts(grid, self._there(job)):
            yield from self._draw(job, recipe, numbers, grid)
        kind, files = job.request.get("format", "png"), {n: Path(one.file) for n, one in self._there(job).items()}
        plan = plan_again(grid, self._studio.history.recall(grid.recipe(0)))
        sheet = yield from draw_sheet(plan, grid, files, kind)
        if sheet is None:
            return
        path = self._folder(job) / f"{job.id}-grid.{kind}"
        write(path, sheet.content)
        recipe = plan.cells[0].resolved.recipe
        facts = {"width": sheet.width, "height": sheet.height, "digest": ""}
        self._queue.add_picture(job, listed(recipe, 0, path, kind) | facts | {"index": grid.total}, beside=True)

    def _there(self, job: Job) -> dict[int, StoredPicture]:
        """The pictures of a job that are there, by their numbers."""
        return {picture.index: picture for picture in self._gallery.pictures(job=job.id, limit=job.total)}

    def _draw(
        self, job: Job, recipe: Recipe, numbers: Mapping[int, int], grid: KeptGrid | None = None
    ) -> Generator[Event, None, None]:
        """Draw pictures of `recipe`: `numbers` says which of the job's each is, by its index in the recipe."""
        resolved, missing = self._studio.history.recall(recipe), list(numbers)
        preview, kind = job.request.get("preview", True), job.request.get("format", "png")
        folder = self._folder(job)
        while missing:
            left = len(missing)
            with closing(self._studio.run(resolved, missing, preview=preview)) as events:
                for event in events:
                    if isinstance(event, ImageDone):
                        number = numbers[event.picture.index]
                        told = {"cells": grid.cells_of(number)} if grid is not None else {}
                        self._save(job, event.picture, number, folder, kind, told)
                        missing.remove(event.picture.index)
                    yield in_numbers(event, numbers)
                    if isinstance(event, Stepped) and self._heeded.is_skipped(job):
                        missing = [index for index in missing if index not in event.indices]
                        break
                    if isinstance(event, Stepped) and len(missing) < left and self._heeded.is_urgent():
                        break  # the next picture begins again from its first step
                else:
                    return

    def _save(self, job: Job, picture: Picture, number: int, folder: Path, kind: Any, told: Mapping[str, Any]) -> None:
        """Bring picture `number` of a job to the disk, then into the list; drawn again after a crash it has the same
        name and bytes.
        """
        suffix = {"jpeg": "jpg"}.get(kind, kind)
        path = folder / f"{job.id}-{number:04d}-{picture.seed}.{suffix}"
        write(path, encode(picture, kind, VERSION))
        height, width = picture.pixels.shape[:2]
        facts = {"width": width, "height": height, "digest": picture.digest, "seconds": picture.seconds}
        self._queue.add_picture(
            job, listed(picture.recipe, picture.index, path, kind) | facts | {"index": number}, told=told
        )

    def _film(self, job: Job) -> Generator[Event, None, None]:
        """Make a film, or go on with it: its folder and journal say how far it is."""
        from sdplay.film.job.encoder import Output
        from sdplay.film.job.film import shoot

        folder, frames, source = film_folder(job), frames_asked(job), fork_source(job)
        if (folder / "job.json").exists() and source is None:
            film = self._studio.films.resume(folder, frames=frames)
        else:
            output = Output(kind=job.request.get("format", formats_of(job.mode)[0]))
            film = self._studio.films.start(film_request(job), folder, output, source=source, frames=frames)
        recipe = film.recipe
        for event in shoot(film):
            if isinstance(event, FramesSaved):
                self._queue.set_done(job, event.done)
            elif isinstance(event, FilmSaved):
                self._queue.add_picture(
                    job,
                    {
                        "index": 0,
                        "file": event.path.as_posix(),
                        "media_type": FILM_FORMATS[film.encoder.output.kind],
                        "width": recipe.width,
                        "height": recipe.height,
                        "seed": recipe.seed,
                        "digest": "",
                        "recipe": recipe.digest,
                        "prompt": words_of(recipe),
                        "model": recipe.model.name,
                        "seconds": 0.0,
                    },
                    beside=True,
                )
            yield event

    def _upscale(self, job: Job) -> Generator[Event, None, None]:
        """Make a picture larger, in a folder of the job's own."""
        fields = job.request["fields"]
        folder = self._folder(job) / job.id
        shutil.rmtree(folder, ignore_errors=True)  # what an attempt left that was killed before it was listed
        larger = self._studio.upscaling.upscale(Path(job.request["file"]), fields["scale"], fields["upscaler"], folder)
        assert larger.path is not None
        height, width = larger.pixels.shape[:2]
        self._queue.add_picture(
            job,
            {
                "index": 0,
                "file": larger.path.as_posix(),
                "media_type": MEDIA_TYPES["png"],
                "width": width,
                "height": height,
                "seed": job.seed,
                "digest": larger.enlarged[-1].made,
                "recipe": job.recipe,
                "prompt": job.request.get("prompt", ""),
                **state_of(larger.path),
                "model": job.request.get("model", ""),
                "seconds": larger.seconds,
            },
        )
        yield from ()

    def _verify(self, job: Job) -> Generator[Event, None, None]:
        """Draw a picture or a film again; raises `NotReproduced` where it comes out differently."""
        file = Path(job.request["file"])
        if (file.parent / "job.json").exists():
            for checked in self._studio.films.verify(file.parent):
                self._heeded.check(job)
                if checked.differing:
                    raise NotReproduced("; ".join(checked.differing))
        else:
            embedded, pixels = read_own(file)
            resolved = self._studio.history.recall(embedded.recipe)
            for event in self._studio.run(resolved, [embedded.index]):
                if isinstance(event, ImageDone):
                    self._studio.history.compare(event.picture, embedded, pixels, file)
                yield event
        self._queue.set_done(job, 1)

    def _folder(self, job: Job) -> Path:
        """Where pictures of the day on which a job was accepted are, relative to the service's folder."""
        folder = Path("pictures") / datetime.fromtimestamp(job.created).strftime("%Y-%m-%d")
        prepare_folder(folder)
        return folder


def in_numbers(event: Event, numbers: Mapping[int, int]) -> Event:
    """`event` with the numbers that pictures have in their job, where it tells of steps."""
    if not isinstance(event, Stepped):
        return event
    return replace(event, indices=tuple(numbers[index] for index in event.indices))


def listed(recipe: Recipe, index: int, path: Path, kind: Any) -> dict[str, Any]:
    """What the gallery keeps of picture `index` of `recipe`, which is in the file `path`."""
    return {
        "file": path.as_posix(),
        "media_type": MEDIA_TYPES[kind],
        "seed": recipe.seed + index,
        "recipe": recipe.digest,
        **prompts_of(recipe, index),
        **state_of(path),
        "model": recipe.model.name,
        "seconds": 0.0,
    }


def write(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise store_error(error, path.parent) from error
