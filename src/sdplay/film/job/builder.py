"""From a resolved film to a job that can be run: its folder, its plan, and the file it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, NotReproduced, SdplayError
from sdplay.core.sample import ClipAsset
from sdplay.core.warning import RequestWarning
from sdplay.files.atomic import check_space
from sdplay.film.camera.flow import check_flow
from sdplay.film.inputs import GUESS
from sdplay.film.job.description import FREE, describe, described_recipe, film_rate, here
from sdplay.film.job.encoder import FilmEncoder, Output
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.fork import ForkSource, frames_in_common
from sdplay.film.job.job import FilmJob
from sdplay.film.part import check_frames, part_of
from sdplay.film.plan import AnyFilm, FilmPlan, film_plan, guidance_range
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.container import CODINGS, check_kind
from sdplay.film.video.index import probe
from sdplay.film.video.sound import Sound, check_sound
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe
from sdplay.tasks import Executor

MIXED = RequestWarning(
    code="mixed",
    field="out",
    message="this film was begun by another version or on another processor: its bits may differ from here",
)


def as_before(request: AnyFilm, out: Path) -> AnyFilm:
    """`request` with the seed and the depth model of the job in `out`, if there is one: it is resumed. What was asked
    for stays.
    """
    any_seed, any_depth = request.seed is None, getattr(request, "depth_model", "") == "auto"
    if not (any_seed or any_depth) or not (out / "job.json").exists():
        return request
    begun: dict[str, Any] = JobFolder.open(out, FREE).description["recipe"]
    kept: dict[str, Any] = {"seed": begun["seed"]} if any_seed else {}
    if any_depth and "depth_model" in begun:
        kept["depth_model"] = {GUESS: "guess"}.get(begun["depth_model"], begun["depth_model"])
    return request.model_copy(update=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJobBuilder:
    """Makes the job of a resolved film: its plan, its folder, and the file it becomes.

    `output` is the kind of file that is asked for; its rate and loop are the request's.
    """

    recipe: Recipe
    model: ResolvedModel
    device: str
    executor: Executor
    output: Output = field(default_factory=Output)

    def begin(
        self,
        out: Path,
        *,
        force: bool = False,
        strict: bool = False,
        source: Path | None = None,
        frames: range | None = None,
    ) -> FilmJob:
        """The job in the folder `out`, which is made, or resumed if it holds this very job.

        `source` is the job folder of a film from which unchanged segments are copied; `frames` is a part to be made.
        Raises `BadRequest` for a film or a folder that cannot be used, `DiskFull` for too little space unless `force`,
        and with `strict` `NotReproduced` for a film that was begun where bits may be others.
        """
        if getattr(self.recipe.request, "flow_cadence", "none") != "none":
            check_flow()
        plan, output, size = film_plan(self.recipe), self.final_output(), frame_size(self.recipe)
        check_kind(output.kind, size, output.rate, output.sound is not None)
        if frames is not None:
            check_frames(plan, frames)
        part = part_of(plan, frames, lambda _: False)
        pictures = part.total + len(part.segments) + len(part.before)
        little_space = check_space(out, pictures, *size, force=force)
        origin = fork_source(source) if source is not None else None
        try:
            folder = JobFolder.create(out, describe(self.recipe, output), FREE)
        except BadRequest as error:
            raise with_fork_offer(error, out, plan) from None
        if strict and is_mixed(folder):
            hint = "resume it with the version and the processor it was begun with, or without `strict`"
            raise NotReproduced(MIXED.message, field="out", value=str(out), hint=hint)
        job = self.attach(folder, with_known_pace(plan, folder), output)
        take_over(job, output)
        if origin is not None and is_mixed(origin.folder):
            job = replace(job, noted={**job.noted, "mixed": True})
        job = replace(
            job, source=origin, warnings=(*job.warnings, *([too_little(little_space)] if little_space else []))
        )
        return job if frames is None else of_part(job, frames, output)

    def attach(self, folder: JobFolder, plan: FilmPlan | None = None, output: Output | None = None) -> FilmJob:
        """The job in its `folder`, by `plan` and into `output` where they are known; nothing is written."""
        plan, output = plan or film_plan(self.recipe), output or self.output
        mixed = is_mixed(folder)
        return FilmJob(
            recipe=plan.recipe,
            plan=plan,
            model=self.model,
            device=self.device,
            folder=folder,
            executor=self.executor,
            encoder=FilmEncoder(folder, output, plan.total),
            warnings=(*film_warnings(plan), *([MIXED] if mixed else [])),
            noted={"mixed": True} if mixed else {},
        )

    def final_output(self) -> Output:
        """The output as fast as the request says, with the loop that it names and the sound that belongs to it."""
        request = self.recipe.request
        loop = getattr(request, "loop_mode", self.output.loop)
        return with_sound(replace(self.output, rate=film_rate(request), loop=loop), self.recipe)


def of_part(job: FilmJob, frames: range, output: Output) -> FilmJob:
    """`job` for its part `frames`: a film of those as they are drawn, which does not loop, with the sound they have."""
    sound = output.sound
    if sound is not None:
        sound = replace(sound, start=sound.start + float(frames.start / output.rate))
        try:
            check_sound(sound)
        except BadRequest:  # it ends before these frames
            sound = None
    output = replace(output, loop="none", sound=sound)
    return replace(job, frames=frames, encoder=FilmEncoder(job.folder, output, len(frames), frames))


def fork_source(out: Path) -> ForkSource:
    """The film in the job folder `out`; raises `BadRequest` and `StoreError` if there is none to copy from."""
    folder = JobFolder.open(out, FREE)
    return ForkSource(folder=folder, plan=film_plan(described_recipe(folder.description)))


def with_fork_offer(error: BadRequest, out: Path, plan: FilmPlan) -> BadRequest:
    """`error` about the folder `out`, and how many frames a fork of the film there would take over."""
    try:
        shared = frames_in_common(fork_source(out).plan, plan)
    except SdplayError:
        return error
    if not shared:
        return error
    hint = f"{error.hint}, and takes over {shared} of the {plan.total} frames"
    return BadRequest(error.reason, field=error.field, value=error.value, hint=hint)


def take_over(job: FilmJob, output: Output) -> None:
    """Write into the folder of `job` what is asked for now, where it differs from what was asked for before."""
    folder, description = job.folder, describe(job.recipe, output)
    changed = {part for part in ("asked", "output", "found") if folder.description.get(part) != description[part]}
    if changed:
        with folder.lock():
            if changed != {"found"}:  # the film there is not what is asked for now, though it may look so
                job.encoder.path.unlink(missing_ok=True)
            folder.update(description | {"made_by": folder.description["made_by"]})


def with_known_pace(plan: FilmPlan, folder: JobFolder) -> FilmPlan:
    """`plan` with the pace that was measured in `folder`, as far as that went."""
    table: list[list[float]] = folder.description["recipe"].get("pace_table", [])
    return film_plan(replace(plan.recipe, pace_table=tuple(map(tuple, table)))) if table else plan


def is_mixed(folder: JobFolder) -> bool:
    """Whether the film in `folder` was begun by other programs or on another kind of processor than these."""
    made_by = folder.description["made_by"]  # of older versions with libraries that are no longer drawn with
    return any(made_by.get(name) != value for name, value in here().items())


def too_little(space: str) -> RequestWarning:
    """That the disk may become full, as `space` says."""
    return RequestWarning(code="little-space", field="out", message=space)


def film_warnings(plan: FilmPlan) -> tuple[RequestWarning, ...]:
    """What a person should know before the film is drawn."""
    return (*plan.warnings, *rounded_sizes(plan.recipe), *weak_guidance(plan), *guessed_depth(plan.recipe))


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
        assert isinstance(clip, ClipAsset)
        return clip.width, clip.height
    return recipe.width, recipe.height


def guessed_depth(recipe: Recipe) -> Iterator[RequestWarning]:
    """A line where the depth of a 3D film is a guess by somebody's wish, or as it was when the film was begun."""
    request = recipe.request
    if not isinstance(request, Animate) or request.animation_mode != "3D" or not request.use_depth_warping:
        return
    if request.depth_model == GUESS:
        message = "depth is guessed: what is lower is nearer; depth_model auto looks at the pictures"
        yield RequestWarning(code="depth-guessed", field="depth_model", message=message)


def weak_guidance(plan: FilmPlan) -> Iterator[RequestWarning]:
    """A line for guidance that leads away from the words rather than towards them."""
    low, _ = guidance_range(plan)
    if low < 1:
        message = f"guidance_scale = {low:g} is taken as 1: there is no guidance below that"
        yield RequestWarning(code="weak-guidance", field="guidance_scale", message=message, values={"asked": low})


def rounded_sizes(recipe: Recipe) -> Iterator[RequestWarning]:
    """A line for each side that was rounded down to what the model can draw."""
    request = recipe.request
    for name, asked, had in (("width", request.width, recipe.width), ("height", request.height, recipe.height)):
        if asked is not None and asked != had:
            message = f"{name} = {asked} is not a multiple of 8: {had} is drawn"
            values = {"asked": asked, "drawn": had}
            yield RequestWarning(code="rounded-size", field=name, message=message, values=values)
