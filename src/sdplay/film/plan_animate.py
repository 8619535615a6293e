"""animate: which frames are drawn, from what, and how the rest lies between them.

Every c-th frame (the cadence) is a key: drawn from the key before it, moved. A segment is a key and the frames up to
the next one. Where strength is 1 a key is a cut: drawn from words alone, and a new scene begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdplay.core.errors import BadRequest
from sdplay.core.sample import AnyPrompt, FromFilm, FromNoise, Init, LerpPrompt, Noise, PromptPair, Sample, Segment
from sdplay.core.seeding import frame_seed
from sdplay.core.warning import RequestWarning
from sdplay.film.request_animate import OF_THE_FIRST, Animate
from sdplay.film.schedules import MOVES, read_schedules, timeline_of
from sdplay.requests.recipe import Recipe

USUAL_FRAMES = 300


def frames_of(request: Animate) -> int:
    """How many frames are drawn for `request`: those of the film, and those that melt its end into its beginning.

    For a clip `film_files` has set `max_frames`. Raises `BadRequest` for a crossfade that is longer than the film.
    """
    shown, fade = shown_frames(request), request.crossfade
    if fade > shown:
        hint = f"at most crossfade:{shown}"
        raise BadRequest(f"the film has only {shown} frames", field="loop_mode", value=request.loop_mode, hint=hint)
    return shown + fade


def shown_frames(request: Animate) -> int:
    """How many frames the film has, played once."""
    return request.max_frames if request.max_frames is not None else USUAL_FRAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """What is done to a moved key before it is drawn again, and to its colours afterwards (units: see `Animate`)."""

    contrast: float
    noise: float
    amount: float
    kernel: int
    sigma: float
    threshold: float
    color_strength: float


class AnimationPlan:
    """An animation frame by frame, as data. Building it computes every frame of every schedule.

    Raises `BadRequest` and `BadRequests`; `warnings` says what has no effect or was understood otherwise.
    """

    def __init__(self, recipe: Recipe) -> None:
        assert isinstance(recipe.request, Animate)
        self.recipe, self.request = recipe, recipe.request
        self.total = frames_of(self.request)
        self.timeline = timeline_of(self.request, self.total, recipe.seed)
        self.schedules = read_schedules(self.request, self.timeline)
        self.cadence = 1 if self.request.of_clip else self.request.diffusion_cadence
        self.warnings = (*self.schedules.warnings, *self._warnings())
        self._scene = (0, 0)

    @property
    def segment_length(self) -> int:
        """Frames of a segment: the cadence, or as many frames of a clip as one forward pass takes."""
        return self.recipe.numerics.tile if self.request.of_clip else self.cadence

    @property
    def segment_count(self) -> int:
        return -(-self.total // self.segment_length)

    def segment(self, number: int) -> Segment:
        """Segment `number`: frames of a clip wait for nothing, or for the first of them, whose colours they take."""
        first = number * self.segment_length
        stop = min(first + self.segment_length, self.total)
        waits_for = None
        if self.request.of_clip:
            waits_for = 0 if number and self.request.color_coherence in OF_THE_FIRST else None
        elif number and not self.is_cut(first):
            waits_for = number - 1
        return Segment(number=number, first=first, stop=stop, waits_for=waits_for)

    def content(self, segment: Segment) -> tuple[object, ...]:
        """The drawn samples of a segment, how they are graded, and the moves that lead to them and on."""
        drawn = range(segment.first, segment.stop, 1 if self.request.of_clip else self.cadence)
        moved = range(max(segment.first - self.cadence, 0) + 1, 0 if self.request.of_clip else segment.stop)
        names = MOVES[self.request.animation_mode]
        return (
            *((self.key(index), self.grading(index)) for index in drawn),
            *((self.fov(index), *(self.motion(name, index) for name in names)) for index in moved),
        )

    def needs(self, segment: Segment) -> tuple[int, ...]:
        """The keys, by frame, that `segment` starts from: the one before it, and the one whose colours it keeps."""
        if segment.waits_for is None:
            return ()
        if self.request.of_clip:
            return (0,)
        return tuple({segment.first - self.cadence, self.scene(segment.first)})

    def chain(self, number: int) -> int:
        """The scene of a segment; frames of a clip are scenes of their own."""
        return number if self.request.of_clip else self.scene(number * self.segment_length)

    def is_cut(self, key: int) -> bool:
        """Whether the key at frame `key` is drawn from words alone."""
        return (key == 0 and not self.request.init_image) or self.strength(key) >= 1

    def scene(self, key: int) -> int:
        """The key at which the scene of the key at frame `key` begins: the one whose colours it keeps."""
        known_key, known_scene = self._scene
        if self.request.of_clip:
            return 0
        at = key
        while at > 0 and not self.is_cut(at):
            if at == known_key:
                at = known_scene
                break
            at -= self.cadence
        self._scene = (key, max(at, 0))
        return self._scene[1]

    def strength(self, key: int) -> float:
        if key == 0 and self.request.init_image and not self.request.of_clip:
            return self.request.init_strength
        return self.schedules.at("strength_schedule", key)

    def key(self, key: int) -> Sample:
        """The key at frame `key`, to be drawn."""
        strength = self.strength(key)
        init: Init = FromNoise()
        if self.request.of_clip or not self.is_cut(key):
            previous = None if self.request.of_clip or key == 0 else key - self.cadence
            init = FromFilm(strength=strength, previous=previous)
        return Sample(
            index=key,
            prompt=self.words(key),
            noise=Noise(seed=self.seed(key), source=self.request.noise),
            init=init,
            steps=self._steps(key, strength if isinstance(init, FromFilm) else 1.0),
            guidance_scale=self.schedules.at("guidance_schedule", key) if self._has("guidance_schedule") else None,
        )

    def words(self, frame: int) -> AnyPrompt:
        at = self.schedules.words(frame)
        syntax = self.request.prompt_syntax
        start = PromptPair(prompt=at.prompt, negative_prompt=at.negative, syntax=syntax)
        if at.weight == 0:
            return start
        end = PromptPair(prompt=at.next_prompt, negative_prompt=at.next_negative, syntax=syntax)
        return LerpPrompt(start=start, end=end, weight=at.weight)

    def seed(self, key: int) -> int:
        behavior = self.request.seed_behavior or ("fixed" if self.request.of_clip else "iter")
        scheduled = int(self.schedules.at("seed_schedule", key)) if self._has("seed_schedule") else None
        ordinal, every = key // self.cadence, self.request.seed_iter_N
        return frame_seed(behavior, self.recipe.seed, ordinal, every=every, scheduled=scheduled)

    def grading(self, key: int) -> Grading:
        at = self.schedules.at
        return Grading(
            contrast=at("contrast_schedule", key),
            noise=at("noise_schedule", key),
            amount=at("amount_schedule", key),
            kernel=int(at("kernel_schedule", key)) // 2 * 2 + 1,
            sigma=at("sigma_schedule", key),
            threshold=at("threshold_schedule", key),
            color_strength=at("color_strength_schedule", key),
        )

    def motion(self, name: str, frame: int) -> float:
        """What the move of frame `frame` − 1 onto `frame` says under `name`."""
        return self.schedules.at(name, frame)

    def fov(self, frame: int) -> float:
        return self.schedules.at("fov_schedule", frame) if self._has("fov_schedule") else self.request.fov

    def _has(self, name: str) -> bool:
        return self.schedules.given(name)

    def _steps(self, key: int, strength: float) -> int | None:
        """Steps of the whole schedule, of which the part `strength` is run: at least one, or all of them if exact."""
        asked = self._asked_steps(key)
        if not 0 < strength < 1:
            return asked
        if self.request.steps_mode == "exact":
            return math.ceil(asked / strength - 1e-9)
        return asked if int(asked * strength) else math.ceil(1 / strength - 1e-9)

    def _asked_steps(self, key: int) -> int:
        return round(self.schedules.at("steps_schedule", key)) if self._has("steps_schedule") else self.recipe.steps

    def _too_weak_for_a_step(self) -> Iterator[RequestWarning]:
        """A line for the first key whose strength comes to less than one of its steps."""
        if self.request.steps_mode == "exact":
            return
        varies = self._varies("strength_schedule") or self._varies("steps_schedule")
        stop = self.total if varies else min(self.total, self.cadence + 1)
        for key in range(0, stop, self.cadence):
            strength, steps = self.strength(key), self._asked_steps(key)
            if strength > 0 and int(steps * strength) == 0 and not self.is_cut(key):
                reason = f"at frame {key} it is {strength:g}, which is not a whole step of {steps}: one is taken"
                values = {"frame": key, "strength": round(strength, 3), "steps": steps}
                message = f"strength_schedule: {reason}"
                yield RequestWarning(code="weak-strength", field="strength_schedule", message=message, values=values)
                return

    def _varies(self, name: str) -> bool:
        return self._has(name) and not self.schedules.curves[name].is_number

    def _warnings(self) -> Iterator[RequestWarning]:
        asked = self.request
        if asked.of_clip and asked.diffusion_cadence not in (1, 3):
            message = f"diffusion_cadence = {asked.diffusion_cadence} is taken as 1: every frame of a clip is drawn"
            yield RequestWarning(code="clip-cadence", field="diffusion_cadence", message=message)
        elif not asked.of_clip and asked.diffusion_cadence > self.total:
            message = f"diffusion_cadence = {asked.diffusion_cadence} is more than there are frames: one is drawn"
            yield RequestWarning(code="one-drawn", field="diffusion_cadence", message=message)
        if asked.flow_cadence != "none" and self.cadence == 1:
            yield no_effect("flow_cadence has no effect: every frame is drawn, none lies between", "flow_cadence")
        planes = (asked.near_plane, asked.far_plane) != (200.0, 10000.0)
        if planes and not (asked.animation_mode == "3D" and asked.warp_geometry == "pinhole"):
            message = "near_plane and far_plane have an effect only in 3D with warp_geometry=pinhole"
            yield no_effect(message, "near_plane", "far_plane")
        yield from self._too_weak_for_a_step()
        if asked.midas_weight != 0.3:
            yield no_effect("midas_weight has no effect: there is one depth model, not two to mix", "midas_weight")


def no_effect(message: str, *fields: str) -> RequestWarning:
    """That `fields` change nothing."""
    return RequestWarning(code="no-effect", field=fields[0], message=message, values={"fields": fields})


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The drawn frames (keys) among `indices`, in that order."""
    animation = AnimationPlan(recipe)
    return (animation.key(index) for index in indices if index % animation.cadence == 0)
