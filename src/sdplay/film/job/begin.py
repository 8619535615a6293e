"""From a settled film to one that can be shot: its folder, its plan, and the file it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import NotReproduced
from sdplay.files.space import check_space
from sdplay.film.camera.flow import check_flow
from sdplay.film.job.description import FREE, describe, film_rate, here
from sdplay.film.job.encoder import FilmEncoder, Output
from sdplay.film.job.film import FilmJob
from sdplay.film.job.folder import JobFolder
from sdplay.film.plan import AnyFilm, FilmPlan, film_plan
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.index import probe
from sdplay.film.video.kind import CODINGS, check_kind
from sdplay.film.video.sound import Sound, check_sound
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe
from sdplay.tasks import Executor

MIXED = "this film was begun by another version or on another processor: its bits may differ from here"


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
    strict: bool = False,
) -> FilmJob:
    """The job of `recipe` in the folder `out`, which is made, or gone on with where it holds this very job.

    With `strict` a film that was begun where bits may be others is not gone on with: `NotReproduced`.
    """
    assert isinstance(recipe.request, Film)
    if isinstance(recipe.request, Animate) and recipe.request.flow_cadence != "none":
        check_flow()
    plan = film_plan(recipe)
    output = with_sound(as_asked(output or Output(), recipe.request), recipe)
    shape = frame_size(recipe)
    check_kind(output.kind, shape, output.rate, output.sound is not None)
    warning = check_space(out, plan.total + plan.segment_count, *shape, force=force)
    folder = JobFolder.create(out, describe(recipe, output), FREE)
    if strict and is_mixed(folder):
        hint = "go on with the version and the processor it was begun with, or without `strict`"
        raise NotReproduced(MIXED, field="out", value=str(out), hint=hint)
    plan = paced_as_before(plan, folder)
    description = describe(plan.recipe, output)
    job = film_job(plan, model, device, executor, folder, output)
    changed = {part for part in ("asked", "output", "found") if folder.description.get(part) != description[part]}
    if changed:
        with folder.lock():
            if changed != {"found"}:  # the film there is not what is asked for now, though it may look so
                job.encoder.path.unlink(missing_ok=True)
            folder.update(description | {"made_by": folder.description["made_by"]})
    return replace(job, warnings=(*job.warnings, *([warning] if warning else [])))


def paced_as_before(plan: FilmPlan, folder: JobFolder) -> FilmPlan:
    """`plan` with the pace that was measured in `folder`, as far as that went."""
    table: list[list[float]] = folder.description["recipe"].get("pace_table", [])
    return film_plan(replace(plan.recipe, pace_table=tuple(map(tuple, table)))) if table else plan


def film_job(
    plan: FilmPlan, model: ResolvedModel, device: str, executor: Executor, folder: JobFolder, output: Output
) -> FilmJob:
    """The job of a planned film in its folder; nothing is written."""
    mixed = is_mixed(folder)
    return FilmJob(
        recipe=plan.recipe,
        plan=plan,
        model=model,
        device=device,
        folder=folder,
        executor=executor,
        encoder=FilmEncoder(folder, output, plan.total),
        warnings=(*film_warnings(plan), *([MIXED] if mixed else [])),
        noted={"mixed": True} if mixed else {},
    )


def is_mixed(folder: JobFolder) -> bool:
    """Whether the film in `folder` was begun by other programs or on another kind of processor than these."""
    return folder.description["made_by"] != here()


def as_asked(output: Output, request: Request) -> Output:
    """`output` as fast as the request says, and with the loop that it names."""
    return replace(output, rate=film_rate(request), loop=getattr(request, "loop_mode", output.loop))


def film_warnings(plan: FilmPlan) -> tuple[str, ...]:
    """What a person should know before the film is drawn."""
    return (*plan.warnings, *rounded_sizes(plan.recipe), *weak_guidance(plan.recipe), *guessed_depth(plan.recipe))


def with_sound(output: Output, recipe: Recipe) -> Output:
    """`output` with the sound that was given, or a clip's own where the film keeps its pace, if its kind has sound."""
    request = recipe.request
    if CODINGS[output.kind].sound is None:
        return output
    if isinstance(request, Dream | Animate) and request.audio is not None:
        sound = Sound(path=Path(request.audio), start=request.audio_start)
        check_sound(sound)
        return replace(output, sound=sound)
    if isinstance(request, Animate) and request.of_clip:
        facts = probe(Path(request.video_init_path))
        if facts.has_sound and request.rate == facts.fps / request.extract_nth_frame:
            start = float(request.extract_from_frame / facts.fps)
            return replace(
                output, sound=Sound(path=Path(request.video_init_path), start=start, field="video_init_path")
            )
    return output


def frame_size(recipe: Recipe) -> tuple[int, int]:
    """Width and height of the finished frames."""
    request = recipe.request
    if isinstance(request, Animate) and request.of_clip and request.video_same_size:
        clip = recipe.assets["video_init_path"]
        return clip.width, clip.height
    return recipe.width, recipe.height


def guessed_depth(recipe: Recipe) -> Iterator[str]:
    """A line where the depth of a 3D film is a guess."""
    request = recipe.request
    if not isinstance(request, Animate) or request.animation_mode != "3D" or not request.use_depth_warping:
        return
    if request.depth_model == "builtin":
        yield (
            "depth is guessed (what is lower is nearer): no depth model is here; `hf download "
            "depth-anything/Depth-Anything-V2-Small-hf` gets one"
        )


def weak_guidance(recipe: Recipe) -> Iterator[str]:
    """A line for guidance that leads away from the words rather than towards them."""
    if recipe.guidance_scale < 1:
        yield f"guidance_scale = {recipe.guidance_scale:g} is below 1, where guidance is off: the words count for less"


def rounded_sizes(recipe: Recipe) -> Iterator[str]:
    """A line for each side that was rounded down to what the model can draw."""
    request = recipe.request
    for name, asked, had in (("width", request.width, recipe.width), ("height", request.height, recipe.height)):
        if asked is not None and asked != had:
            yield f"{name} = {asked} is not a multiple of 8: {had} is drawn"
