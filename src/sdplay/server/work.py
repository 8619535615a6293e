"""The threads that take jobs from the queue and have them drawn by the executor's processes."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sdplay.core.errors import NotReproduced, SdplayError, StoreError
from sdplay.events import Event, FilmSaved, FramesSaved, ImageDone, Stepped
from sdplay.executors.line import WorkerDied
from sdplay.files.atomic import prepare_folder, replace_file, store_error
from sdplay.images.formats import MEDIA_TYPES
from sdplay.images.own import read_own
from sdplay.images.picture import Picture
from sdplay.images.write import encode
from sdplay.requests.recipe import Recipe
from sdplay.server.clients import FILM_FORMATS, GRID, formats_of
from sdplay.server.discreet import without_folders
from sdplay.server.films import film_folder, film_request, fork_source, frames_asked, words_of
from sdplay.server.found import prompts_of, state_of
from sdplay.server.gallery import Gallery
from sdplay.server.grid_work import draw_sheet, missing_parts, plan_again
from sdplay.server.grids import KeptGrid
from sdplay.server.hub import Hub
from sdplay.server.previews import preview_data
from sdplay.server.queue import LEASE, JobQueue
from sdplay.server.records import Change, Job, StoredPicture
from sdplay.studio import Studio
from sdplay.version import VERSION

PATIENCE = 1.0  # seconds between two looks at the queue, if nobody says that something waits
LONGEST_MESSAGE = 300
UPSCALE, VERIFY = "upscale", "verify"
log = logging.getLogger("sdplay.server")


class Cancelled(Exception):
    """The job is to be stopped."""


class GivenBack(Exception):
    """The service ends: the job goes on after the next start."""


class Workshop:
    """Does the jobs of a queue, as many at a time as the executor has workers."""

    def __init__(
        self, queue: JobQueue, gallery: Gallery, hub: Hub, studio: Studio, is_urgent: Callable[[], bool]
    ) -> None:
        """`is_urgent` says whether somebody waits who comes before all jobs: they are let in between two pictures."""
        self._queue, self._gallery, self._hub, self._studio, self._is_urgent = queue, gallery, hub, studio, is_urgent
        self._stopping = threading.Event()
        self._cancelled: set[str] = set()
        self._skipping: set[str] = set()
        self._at_work: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for number in range(self._studio.resolver.executor.workers):
            self._threads.append(threading.Thread(target=self._work, name=f"jobs {number}", daemon=True))
        self._threads.append(threading.Thread(target=self._keep_alive, name="leases", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Stop after the current steps; what is not finished waits in the queue again.

        Steps that take longer than `patience` seconds are given up, with the processes that calculate them.
        """
        self._stopping.set()
        self._queue.notify()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._studio.close()
        for thread in self._threads:
            thread.join()

    def cancel(self, name: str) -> None:
        """Stop the job after its current step, if it is being done."""
        with self._lock:
            if name in self._at_work:
                self._cancelled.add(name)

    def skip(self, name: str) -> None:
        """Leave out the picture of the job that is drawn now, if it is being done, and go on with the next."""
        with self._lock:
            if name in self._at_work:
                self._skipping.add(name)

    @property
    def running(self) -> list[str]:
        with self._lock:
            return list(self._at_work)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._queue.claim()
            except SdplayError as error:  # a full disk, say: it may have room again
                log.error("no job can be taken from the queue: %s", error)
                self._stopping.wait(PATIENCE)
                continue
            if job is None:
                with self._queue.work:
                    self._queue.work.wait(PATIENCE)
                continue
            with self._lock:
                self._at_work[job.id] = job
            try:
                self._do(job)
            finally:
                with self._lock:
                    self._at_work.pop(job.id, None)
                    self._cancelled.discard(job.id)
                    self._skipping.discard(job.id)

    def _do(self, job: Job) -> None:
        """Do `job` and write down how it ended."""
        try:
            with closing(self._steps(job)) as events:
                for event in events:
                    self._report(job, event)
                    self._check(job)
        except Cancelled:
            self._end(lambda: self._queue.finish(job, "cancelled"))
        except GivenBack:
            self._end(lambda: self._queue.give_back(job))
        except WorkerDied as error:
            died = None if self._stopping.is_set() else error_data(error)  # it did not die: it was ended
            self._end(lambda: self._queue.give_back(job, died=died))
        except SdplayError as error:
            failed = error_data(error)
            self._end(lambda: self._queue.finish(job, "failed", failed))
        except Exception as error:
            log.exception("job %s failed", job.id)
            broken = {"code": "internal", "message": f"this should not happen: {type(error).__name__}"}
            self._end(lambda: self._queue.finish(job, "failed", broken))
        else:
            self._end(lambda: self._queue.finish(job, "completed"))

    def _end(self, write: Any) -> None:
        """Write how a job ended; where the disk is full, once it has room, or after the next start."""
        while True:
            try:
                write()
                return
            except SdplayError as error:
                log.error("the end of a job cannot be written: %s", error)
                if self._stopping.wait(PATIENCE):
                    return

    def _check(self, job: Job) -> None:
        with self._lock:
            if job.id in self._cancelled:
                raise Cancelled
        if self._stopping.is_set():
            raise GivenBack

    def _steps(self, job: Job) -> Generator[Event, None, None]:
        self._check(job)
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
                    if isinstance(event, Stepped) and self._is_skipped(job):
                        missing = [index for index in missing if index not in event.indices]
                        break
                    if isinstance(event, Stepped) and len(missing) < left and self._is_urgent():
                        break  # the next picture begins again from its first step
                else:
                    return

    def _is_skipped(self, job: Job) -> bool:
        """Whether the picture that is drawn now is to be left out; said once."""
        with self._lock:
            skipped = job.id in self._skipping
            self._skipping.discard(job.id)
        return skipped

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
                self._check(job)
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

    def _report(self, job: Job, event: Event) -> None:
        if isinstance(event, Stepped):
            data: dict[str, Any] = {"indices": list(event.indices), "step": event.step, "steps": event.steps}
            if event.previews and self._hub.is_due(job.id):
                data["preview"] = preview_data(event.previews[0])
            self._hub.tell(Change(type="step", job=job.id, data=data))
        elif isinstance(event, FramesSaved):
            data = {"done": event.done, "total": event.total, "seconds_left": round(event.seconds_left, 1)}
            self._hub.tell(Change(type="step", job=job.id, data=data))

    def _keep_alive(self) -> None:
        """Prolong leases, and take jobs back from threads that are not heard of."""
        while not self._stopping.wait(LEASE / 4):
            with self._lock:
                at_work = list(self._at_work.values())
            with suppress(StoreError):
                for job in at_work:
                    if not self._queue.keep_alive(job):
                        self.cancel(job.id)
                self._queue.reap()
                self._queue.trim()


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


def error_data(error: SdplayError) -> dict[str, Any]:
    """An error as clients read it, without a folder of this computer in it."""
    return {
        "code": error.code,
        "field": error.field,
        "message": without_folders(error.reason).strip()[:LONGEST_MESSAGE],
        "hint": without_folders(error.hint)[:LONGEST_MESSAGE],
    }
