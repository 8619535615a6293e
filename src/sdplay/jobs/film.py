"""Films: planned, made in a folder, resumed, verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.requests.resolve import check_known
from sdplay.requests.warnings import word_warnings

if TYPE_CHECKING:
    from sdplay.film.job.builder import FilmJobBuilder
    from sdplay.film.job.encoder import Output
    from sdplay.film.job.folder import JobFolder
    from sdplay.film.job.job import FilmJob
    from sdplay.film.job.verify import SegmentChecked
    from sdplay.film.plan import AnyFilm, FilmPlan


class FilmJobs:
    """Makes films."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def start(
        self,
        request: AnyFilm,
        out: Path,
        output: Output | None = None,
        *,
        force: bool = False,
        strict: bool = False,
        source: Path | None = None,
        frames: range | None = None,
    ) -> FilmJob:
        """The film of `request` in the job folder `out`, ready to be shot: `for event in shoot(studio.film(…))`.

        A folder that holds this job already is resumed. Frames that come out as in the film in the folder `source` are
        copied from it. With `frames=range(20, 31)` that part is drawn alone, and what it starts from, with the bits
        that it has in the whole film, into a film file of its own.
        Everything that can be wrong is said here, before the model is loaded: `BadRequest` and `BadRequests` for the
        request, `BadRequest` for a folder with another job in it (and what differs) and for frames that the film has
        not, `DiskFull` for too little space unless `force`, and with `strict` `NotReproduced` for a film begun by
        another version or on another processor.
        """
        from sdplay.film.job.builder import as_before
        from sdplay.film.plan import check_new, with_everything_wrong

        with with_everything_wrong(request):
            if not (out / "job.json").exists():
                check_new(request)
            resolved = self.resolver.resolve(as_before(request, out))
            job = self._builder(resolved, output).begin(out, force=force, strict=strict, source=source, frames=frames)
            return replace(job, warnings=(*with_words(resolved, job.plan).warnings, *job.warnings))

    def plan(self, request: AnyFilm) -> tuple[ResolvedRequest, FilmPlan]:
        """What drawing the film `request` would be, without its model; raises what `start` raises for a request."""
        from sdplay.film.plan import check_new, film_plan, with_everything_wrong

        with with_everything_wrong(request):
            check_new(request)
            resolved = self.resolver.resolve(request)
            plan = film_plan(resolved.recipe)
            return with_words(resolved, plan), plan

    def resume(
        self, job: Path, model: str | None = None, *, strict: bool = False, frames: range | None = None
    ) -> FilmJob:
        """The film in the job folder `job`, ready to be resumed; `model` says where its model is now.

        `frames` is a part of it, as for `start`. Frames that are whole stay as they are.

        Raises `BadRequest` for a folder without a job, `NotReproduced` where the model or a file it is made from is
        not the one it was begun with, and with `strict` for one begun by another version or on another processor.
        """
        from sdplay.film.job.description import FREE, described_output
        from sdplay.film.job.folder import JobFolder

        folder = JobFolder.open(job, FREE)
        recorded = self._recorded(folder, model)
        output = described_output(folder.description)
        return self._builder(recorded, output).begin(job, force=True, strict=strict, frames=frames)

    def verify(self, job: Path, model: str | None = None, every: int = 1) -> Iterator[SegmentChecked]:
        """Draw every `every`-th finished unit of the film in `job` again and compare; nothing there is changed.

        Raises what `resume` raises where it cannot be tried, and `BadRequest` where no unit is finished yet.
        """
        from sdplay.film.job.verify import verify_segments

        yield from verify_segments(self.attach(job, model), every)

    def attach(self, job: Path, model: str | None = None) -> FilmJob:
        """The film in the job folder `job` as it was begun; nothing is written. Raises what `resume` raises."""
        from sdplay.film.job.description import FREE, described_output
        from sdplay.film.job.folder import JobFolder

        folder = JobFolder.open(job, FREE)
        recorded = self._recorded(folder, model)
        return self._builder(recorded, described_output(folder.description)).attach(folder)

    def _recorded(self, folder: JobFolder, model: str | None) -> ResolvedRequest:
        """The film of `folder` as it was resolved, with its model, which `model` or the folder says where it is."""
        from sdplay.film.inputs import check_files
        from sdplay.film.job.description import described_model, described_recipe

        recipe = described_recipe(folder.description)
        check_known(recipe)
        where = model if model is not None else described_model(folder.description)
        recipe = replace(recipe, request=recipe.request.model_copy(update={"model": where}))
        resolved, device = self.resolver.same_model(recipe, None)
        check_files(recipe)
        return ResolvedRequest(recipe=recipe, model=resolved, device=device)

    def _builder(self, film: ResolvedRequest, output: Output | None) -> FilmJobBuilder:
        from sdplay.film.job.builder import FilmJobBuilder
        from sdplay.film.job.encoder import Output

        return FilmJobBuilder(
            recipe=film.recipe,
            model=film.model,
            device=film.device,
            executor=self.resolver.executor,
            output=output or Output(),
        )


def with_words(resolved: ResolvedRequest, plan: FilmPlan) -> ResolvedRequest:
    """`resolved` with what its model does not know of the words of the film, by its `plan`."""
    from sdplay.film.words import film_prompts

    field = "prompts" if resolved.recipe.request.mode == "dream" else "animation_prompts"
    of_words = word_warnings(film_prompts(plan), resolved.recipe, resolved.model, field)
    return replace(resolved, warnings=(*resolved.warnings, *of_words))
