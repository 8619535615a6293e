"""From a settled film to one that can be shot: its folder, its plan, and the file it becomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sdplay.core.films import Film
from sdplay.core.recipe import Recipe
from sdplay.core.request import AnyFilm
from sdplay.jobs.description import FREE, describe, film_rate, here
from sdplay.jobs.executors.base import Executor
from sdplay.jobs.film import Shooting
from sdplay.jobs.projector import Output, Projector
from sdplay.models.resolve import ResolvedModel
from sdplay.modes.plan import film_plan
from sdplay.store.jobfolder import JobFolder
from sdplay.store.space import check_space


def seeded_as_before(request: AnyFilm, out: Path) -> AnyFilm:
    """`request` with the seed of the job in `out`, where there is one and no seed was asked for: it goes on with it."""
    if request.seed is not None or not (out / "job.json").exists():
        return request
    seed: Any = JobFolder.open(out).description["recipe"]["seed"]
    return request.model_copy(update={"seed": seed})


def begin(
    recipe: Recipe,
    model: ResolvedModel,
    device: str,
    executor: Executor,
    out: Path,
    output: Output | None,
    *,
    force: bool = False,
) -> Shooting:
    """The shooting of `recipe` in the folder `out`, which is made, or gone on with where it holds this very job."""
    assert isinstance(recipe.request, Film)
    plan = film_plan(recipe)
    output = replace(output or Output(), rate=film_rate(recipe.request))
    warning = check_space(out, plan.total + plan.units, recipe.width, recipe.height, force=force)
    description = describe(recipe, output)
    folder = JobFolder.create(out, description, FREE)
    mixed = folder.description["made_by"] != here()
    warnings = [*plan.warnings, *([warning] if warning else [])]
    if mixed:
        warnings.append("this film was begun by another version or on another processor: its bits may differ from here")
    if folder.description != description:
        with folder.lock():
            folder.update(description | {"made_by": folder.description["made_by"]})
    return Shooting(
        recipe=recipe,
        plan=plan,
        model=model,
        device=device,
        folder=folder,
        executor=executor,
        projector=Projector(folder, output, plan.total),
        warnings=tuple(warnings),
        noted={"mixed": True} if mixed else {},
    )
