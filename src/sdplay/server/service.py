"""The service that all entry points talk to: accept, list, stop, plan, explain, prove."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.core.warning import RequestWarning
from sdplay.executors.shared import SharedExecutor
from sdplay.jobs.resolve import ResolvedRequest, memory_of
from sdplay.library.card import shipped_cards
from sdplay.library.library import Library
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe, count
from sdplay.requests.stills import Still
from sdplay.server.clients import GRID, Limits, check_film_format, check_limits, client_request, formats_of
from sdplay.server.database import Database
from sdplay.server.derived import DERIVED, prepared
from sdplay.server.films import FILM_MODES, film_folder, parsed_frames
from sdplay.server.folders import PictureFolders, checked_folders
from sdplay.server.gallery import Gallery
from sdplay.server.grids import axes_asked, digest_of, kept_grid, notes_of, plan_grid
from sdplay.server.home import ServiceHome
from sdplay.server.hub import Hub
from sdplay.server.index import PictureIndex
from sdplay.server.live import Live
from sdplay.server.marks import MarkJournal
from sdplay.server.motion import MotionPreviews
from sdplay.server.problems import error_data
from sdplay.server.queue import JobQueue
from sdplay.server.records import Job, StoredPicture, Upload
from sdplay.server.scan import FolderScan
from sdplay.server.thumbnails import Thumbnails
from sdplay.server.trash import Trash
from sdplay.server.work import Workshop
from sdplay.studio import Studio

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm
    from sdplay.jobs.grid_sheet import GridPlan

PER_REQUEST = {"preview", "format"}
OF_FILMS = {
    "frames",
    "fork",
}  # options of films: a part to be drawn alone, and the film whose unchanged frames it takes
STEP = 3.0  # seconds that a step may still take when the service ends


class QueueFull(SdplayError):
    """As many jobs wait as may wait."""


class NotFound(BadRequest):
    """There is no such job, picture or upload."""


class Conflict(BadRequest):
    """The job is not in a state in which that can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A job, whether it was there already (the same recipe under the same key), and what its request resolves to."""

    job: Job
    known: bool = False


class Service:
    """Everything that entry points need; used from several threads. Its process works in the folder of `home`."""

    def __init__(
        self,
        home: ServiceHome,
        executor: SharedExecutor,
        library: Library,
        limits: Limits,
        watched: Sequence[Path] = (),
    ) -> None:
        """`watched` are folders whose pictures are shown beside those of the service's own; `BadRequest` for wrong
        ones.
        """
        self.home, self.executor, self.limits = home, executor, limits
        self.library = replace(library, fetch=no_download)
        self.hub = Hub()
        self.database, self.marks = Database(home.database, self.hub.tell), MarkJournal(home.marks)
        self.queue, self.gallery = JobQueue(self.database), Gallery(self.database, self.marks)
        self.folders = PictureFolders(home.pictures, checked_folders(watched, home.folder))
        self.scan = FolderScan(PictureIndex(self.database, self.marks), self.folders)
        self.trash, self.thumbnails = Trash(self.database, self.folders), Thumbnails(home.thumbnails)
        self.studio = Studio(executor, library=self.library)
        self.workshop = Workshop(self.queue, self.gallery, self.hub, self.studio, lambda: executor.is_urgent)
        self.live = Live(executor, self.library, limits, self.find_upload)
        self.motion = MotionPreviews(self.library)
        self.started = time.time()

    def start(self) -> None:
        """Take up what was running when the last service ended, and begin to work."""
        self.marks.rewrite(self.gallery.marks())
        self.queue.recover()
        self.workshop.start()
        self.scan.start()

    def stop(self, patience: float = STEP) -> None:
        """End all work within `patience` seconds and a little; what is not finished goes on after the next start."""
        self.motion.close()
        self.workshop.stop(patience)
        self.scan.stop()
        self.database.close()

    # Jobs

    def submit(
        self,
        mode: str,
        fields: Mapping[str, Any],
        *,
        key: str | None = None,
        source: str = "api",
        priority: int = 0,
    ) -> Accepted:
        """Accept a job of `mode` with a client's `fields`; it is on the disk when this returns.

        Under the same `key` the same recipe is accepted once. Raises `BadRequest` and its kinds, and `QueueFull`.
        """
        if self.queue.count("queued") >= self.limits.waiting:
            raise QueueFull(f"{self.limits.waiting} jobs wait already", hint="ask again when some of them are done")
        if mode in DERIVED:
            job = prepared(self, mode, fields)
            return self._accept(mode, job.request, 1, job.seed, job.recipe, key, source, priority, ())
        if mode == GRID:
            plan = self.grid(self.without_options(mode, fields))
            stored = kept_grid(plan, axes_asked(fields[GRID])) | given_options(fields, PER_REQUEST)
            seed, recipe = stored["fields"]["seed"], digest_of(stored)
            return self._accept(mode, stored, len(plan.wanted), seed, recipe, key, source, priority, notes_of(plan))
        resolved, total, notes = self.resolve(mode, self.without_options(mode, fields))
        recipe = resolved.recipe
        film = not isinstance(recipe.request, Still)
        options = PER_REQUEST | OF_FILMS if film else PER_REQUEST
        stored = given_options(fields, options)
        if film:
            total = self.check_film(mode, recipe, stored, total)
            check_film_format(recipe, stored.get("format", formats_of(mode)[0]))
            stored["fields"] = recipe.request.model_copy(update={"seed": recipe.seed}).model_dump(
                mode="json", exclude={"run"}, exclude_unset=True
            ) | {"seed": recipe.seed}
        else:
            stored["recipe"] = recipe.to_dict()
        part = f"{key}:{stored['frames']}" if key is not None and "frames" in stored else key
        return self._accept(mode, stored, total, recipe.seed, recipe.digest, part, source, priority, notes)

    def check_film(self, mode: str, recipe: Recipe, options: Mapping[str, Any], total: int) -> int:
        """How many frames are drawn of the `total` of a film; raises `BadRequest` for options that it cannot have."""
        from sdplay.film.part import check_frames, part_of
        from sdplay.film.plan import film_plan

        if (source := options.get("fork")) is not None:
            before = self.queue.job(source) if isinstance(source, str) else None
            if before is None or before.mode != mode or not (film_folder(before) / "job.json").is_file():
                hint = f"the id of a job that made a film of the mode {mode}"
                raise BadRequest("there is no such film", field="fork", value=source, hint=hint)
        if (asked := options.get("frames")) is None:
            return total
        plan, frames = film_plan(recipe), parsed_frames(asked)
        check_frames(plan, frames)
        return part_of(plan, frames, lambda _: False).total

    def _accept(
        self,
        mode: str,
        stored: Mapping[str, Any],
        total: int,
        seed: int,
        recipe: str,
        key: str | None,
        source: str,
        priority: int,
        notes: Sequence[RequestWarning],
    ) -> Accepted:
        whole = f"{recipe}:{key}" if key is not None else None
        before = time.time()
        job = self.queue.accept(
            mode,
            stored,
            total=total,
            seed=seed,
            recipe=recipe,
            key=whole,
            source=source,
            priority=priority,
            notes=notes,
        )
        return Accepted(job=job, known=job.created < before)

    def resolve(self, mode: str, fields: Mapping[str, Any]) -> tuple[ResolvedRequest, int, list[RequestWarning]]:
        """What a client's request is with nothing left open, how many pictures or frames that are, and what is to be
        said of it. Raises `BadRequest` and its kinds.
        """
        request = self.request_of(mode, fields)
        if isinstance(request, Still):
            resolved = self.studio.resolve(request)
            total = count(resolved.recipe)
        else:
            resolved, plan = self.studio.films.plan(cast("AnyFilm", request))
            total = plan.total
        check_limits(resolved.recipe, total, self.limits, film=not isinstance(request, Still))
        memory = memory_of(resolved)
        of_memory = [memory.warning] if memory is not None and memory.warning is not None else []
        return resolved, total, [*resolved.warnings, *of_memory]

    def grid(self, fields: Mapping[str, Any]) -> GridPlan:
        """The grid that a client's `fields` ask for; raises `BadRequest` and its kinds."""
        return plan_grid(self.studio, fields, self.find_upload, self.limits)

    def request_of(self, mode: str, fields: Mapping[str, Any]) -> Request:
        """The request of `mode` with a client's `fields`; raises `BadRequest` and its kinds."""
        return client_request(mode, fields, self.find_upload)

    def without_options(self, mode: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """`fields` of a job without its options that reach no pixel; raises `BadRequest` for wrong ones."""
        check_options(mode, given_options(fields, PER_REQUEST))
        options = PER_REQUEST | OF_FILMS if mode in FILM_MODES else PER_REQUEST
        return {name: value for name, value in fields.items() if name not in options}

    def job(self, name: str) -> Job:
        job = self.queue.job(name)
        if job is None:
            raise NotFound("there is no such job", field="job", value=name)
        return job

    def cancel(self, name: str) -> Job:
        """Stop a job: at once if it waits, after its current step if it runs. Raises `Conflict` if it has ended."""
        if self.job(name).state not in {"queued", "running"}:
            raise Conflict("the job has ended", field="job", value=name)
        self.queue.cancel(name)
        self.workshop.cancel(name)
        return self.job(name)

    def retry(self, name: str) -> Job:
        """Let a job that failed or was cancelled be done again; finished pictures of it are not drawn again."""
        self.job(name)
        job = self.queue.retry(name)
        if job is None:
            raise Conflict("only a job that failed or was cancelled can be tried again", field="job", value=name)
        return job

    def move(self, name: str, *, priority: int | None = None, before: str | None = None) -> Job:
        """See `JobQueue.move`; raises `Conflict` for jobs that do not wait."""
        self.job(name)
        job = self.queue.move(name, priority=priority, before=before)
        if job is None:
            raise Conflict("only jobs that wait can be moved", field="job", value=name)
        return job

    def forget(self, name: str) -> None:
        """Take an ended job out of the list; its pictures stay. Raises `Conflict` if it has not ended."""
        self.job(name)
        if not self.queue.forget(name):
            raise Conflict("the job has not ended", field="job", value=name, hint="cancel it first")

    # Pictures and uploads

    def picture(self, number: int) -> StoredPicture:
        picture = self.gallery.picture(number) if 0 <= number < 2**63 else None
        if picture is None:
            raise NotFound("there is no such picture", field="picture", value=number)
        return picture

    def change_pictures(
        self,
        pictures: Sequence[int],
        *,
        starred: bool | None = None,
        rating: int | None = None,
        trash: bool | None = None,
    ) -> int:
        """Star pictures, rate them, move them into the trash or out of it; how many were there."""
        there = 0
        if starred is not None or rating is not None:
            there = self.gallery.mark(pictures, starred=starred, rating=rating)
        if trash is not None:
            there = len((self.trash.put if trash else self.trash.put_back)(pictures))
        return there

    def empty_trash(self) -> int:
        """Delete what is in the trash, for good; how many pictures."""
        gone = self.trash.empty()
        for number in gone:
            self.thumbnails.forget(number)
        return len(gone)

    def delete_picture(self, number: int) -> None:
        """Take a picture out of the list and delete its file."""
        picture = self.picture(number)
        with suppress(NotFound):
            self.file_of(picture).unlink(missing_ok=True)
        self.gallery.forget_picture(number)
        self.thumbnails.forget(number)

    def file_of(self, stored: StoredPicture | Upload) -> Path:
        """The file of a picture; raises `NotFound` if somebody took it away, and never leaves the folders whose
        pictures are shown.
        """
        place = self.folders.file_of(stored) if isinstance(stored, StoredPicture) else Path(stored.file)
        path = place.resolve()
        if not self.folders.holds(path) or not path.is_file():
            raise NotFound("its file is not there any more", field="picture", value=stored.id)
        return path

    def add_upload(self, content: bytes) -> Upload:
        """Keep a picture that a client sends; the same picture has the same id. Raises `BadRequest` for other files."""
        if len(content) > self.limits.upload:
            raise BadRequest(f"is larger than {self.limits.upload // 2**20} MB", field="file", value=len(content))
        name = sha256(content).hexdigest()[:32]
        known = self.gallery.upload(name)
        if known is not None and Path(known.file).is_file():
            return known
        from sdplay.server.uploads import keep_upload

        upload = keep_upload(name, content, self.home.uploads, self.limits)
        self.gallery.add_upload(upload)
        return upload

    def upload(self, name: str) -> Upload:
        upload = self.gallery.upload(name)
        if upload is None:
            raise NotFound("there is no such upload", field="upload", value=name)
        return upload

    @property
    def uploads_folder(self) -> Path:
        return self.home.uploads

    def find_upload(self, name: str) -> Upload | None:
        return self.gallery.upload(name)

    # Models

    def model_names(self) -> list[str]:
        """The models that requests may name: the program's that are here, those that were added, the library's."""
        from sdplay.library.card import model_aliases

        shipped = [card.name for card in shipped_cards().values() if card.folder is not None and card.folder.is_dir()]
        return list(dict.fromkeys([*shipped, *model_aliases(self.library.home), *dict(self.library.models())]))


def given_options(fields: Mapping[str, Any], options: Collection[str]) -> dict[str, Any]:
    """Those of the `options` that a client's `fields` have."""
    return {name: fields[name] for name in options if fields.get(name) is not None}


def check_options(mode: str, options: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for options of a job that reach no pixel."""
    if not isinstance(options.get("preview", True), bool):
        raise BadRequest("is neither true nor false", field="preview", value=options["preview"])
    if options.get("format") not in (None, *(known := formats_of(mode))):
        raise BadRequest("is not a format", field="format", value=options["format"], hint=", ".join(known))


def no_download(name: str) -> Path:
    raise BadRequest(
        "the service downloads nothing",
        field="model",
        value=name,
        hint="fetch it on that computer, by `sdplay models add`",
    )


__all__ = ["Accepted", "Conflict", "NotFound", "QueueFull", "Service", "error_data"]
