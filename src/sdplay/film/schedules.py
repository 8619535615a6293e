"""The schedules of an animation: read all at once, and every frame of them computed before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sdplay.core.errors import BadRequest, together
from sdplay.core.warning import RequestWarning
from sdplay.film.curve import Curve, SoundAt, check_range, parse_curve
from sdplay.film.expression_names import Timeline
from sdplay.film.prompt_track import PromptAt, PromptTrack, parse_prompts
from sdplay.film.request_animate import Animate
from sdplay.prompts.composition import check_notation

if TYPE_CHECKING:
    from sdplay.film.audio_features import AudioFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a schedule may say: `low` to `high`, the ends themselves where they are not open."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False


T = TypeVar("T")
ANY = Range()
PART = Range(low=0, high=1)
RANGES: dict[str, Range] = {
    "angle": ANY,
    "zoom": Range(low=0, low_open=True),
    "translation_x": ANY,
    "translation_y": ANY,
    "translation_z": ANY,
    "transform_center_x": ANY,
    "transform_center_y": ANY,
    "rotation_3d_x": ANY,
    "rotation_3d_y": ANY,
    "rotation_3d_z": ANY,
    "fov_schedule": Range(low=0, high=180, low_open=True, high_open=True),
    "strength_schedule": PART,
    "guidance_schedule": Range(low=0, high=100),
    "steps_schedule": Range(low=1, high=1000),
    "seed_schedule": Range(low=-1, high=2.0**63, high_open=True),
    "noise_schedule": Range(low=0, high=10),
    "contrast_schedule": Range(low=0, high=10),
    "amount_schedule": Range(low=0, high=100),
    "kernel_schedule": Range(low=1, high=255),
    "sigma_schedule": Range(low=0, high=100, low_open=True),
    "threshold_schedule": Range(low=0, high=255),
    "color_strength_schedule": PART,
}
# What moves a picture in which mode; elsewhere it is read and has no effect.
MOVES: dict[str, tuple[str, ...]] = {
    "2D": ("angle", "zoom", "translation_x", "translation_y", "transform_center_x", "transform_center_y"),
    "3D": ("translation_x", "translation_y", "translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z"),
    "Video Input": (),
}
ALL_MOVES: tuple[str, ...] = tuple(dict.fromkeys(name for names in MOVES.values() for name in names))
STILL = {"zoom": 1.0, "transform_center_x": 0.5, "transform_center_y": 0.5}  # and 0 for the others


@dataclass(frozen=True, slots=True)
class Schedules:
    """Every schedule of an animation by its field's name (those that were given or have a default), and the words.

    `sound` gives what there is to hear at a frame, if one of them asks for it.
    """

    curves: dict[str, Curve]
    prompts: PromptTrack
    warnings: tuple[RequestWarning, ...]
    sound: SoundAt | None = None

    def at(self, name: str, frame: int) -> float:
        curve = self.curves[name]
        return curve.at(frame, self.sound(frame) if self.sound is not None and curve.uses_sound else None)

    def words(self, frame: int) -> PromptAt:
        return self.prompts.at(frame, self.sound(frame) if self.sound is not None else None)

    def given(self, name: str) -> bool:
        return name in self.curves


def timeline_of(request: Animate, frames: int, seed: int) -> Timeline:
    """What expressions in `request`, for which `frames` are drawn, may know; features of sound where it names one."""
    shown, sound = frames - request.crossfade, request.audio is not None
    return Timeline(frames=shown, seed=seed, fps=float(request.rate), sound=sound, beyond=request.crossfade)


def read_schedules(request: Animate, timeline: Timeline) -> Schedules:
    """The schedules of `request`; raises `BadRequest`, or `BadRequests` with everything that is wrong in them."""
    problems: list[BadRequest] = []

    def tried(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except BadRequest as error:
            problems.append(error)
            return None

    texts = {name: text for name in RANGES if (text := getattr(request, name)) is not None}
    mode = request.keyframe_interpolation
    curves: dict[str, Curve] = {}
    for name, text in texts.items():
        curve = tried(lambda n=name, t=text: parse_curve(n, t, timeline, default_mode=mode))
        curves |= {name: curve} if curve is not None else {}
    warnings = [*standing_still(curves, request)]
    prompts = tried(
        lambda: parse_prompts(
            request.animation_prompts,
            timeline,
            negative=request.negative_prompt,
            interpolation=request.prompt_interpolation,
        )
    )
    if prompts is not None and request.prompt_syntax == "a1111":
        for key in prompts.keys:
            tried(lambda k=key: check_notation(k.prompt.as_written, k.negative.as_written))
    follows = any(curve.uses_sound for curve in curves.values()) or (prompts is not None and prompts.uses_sound)
    sound = tried(lambda: audio_features(request, timeline.frames)) if follows else None
    if sound is not None or not follows:
        for name, curve in curves.items():
            tried(lambda n=name, c=curve: check_every_frame(n, c, sound))
        tried(lambda: check_words(prompts, sound) if prompts is not None else None)
    if problems or prompts is None:
        raise together(problems)
    warnings += [*prompts.warnings, *without_effect(curves, request), *(sound.warnings if sound is not None else ())]
    return Schedules(curves, prompts, tuple(warnings), sound)


def audio_features(request: Animate, frames: int) -> AudioFeatures:
    """The sound of `request`, decoded and analysed: a second for some minutes of it."""
    from sdplay.film.audio_features import AudioFeatures  # loads PyAV: only for films that follow a sound

    return AudioFeatures(request, frames)


def check_words(prompts: PromptTrack, sound: SoundAt | None) -> None:
    """Raise `BadRequest` at the first frame where arithmetic in the words fails."""
    for frame in range(prompts.timeline.frames if prompts.is_computed else 0):
        prompts.at(frame, sound(frame) if sound is not None else None)


def check_every_frame(name: str, curve: Curve, sound: SoundAt | None) -> None:
    """Raise `BadRequest` at the first frame that is out of range; a single number is looked at once."""
    allowed = RANGES[name]
    if curve.is_number:
        curve = Curve(curve.name, curve.keys, Timeline(frames=1, seed=0, fps=1), False, False)
    check_range(
        curve,
        allowed.low,
        allowed.high,
        low_open=allowed.low_open,
        high_open=allowed.high_open,
        sound=sound if curve.uses_sound else None,
    )


def standing_still(curves: dict[str, Curve], request: Animate) -> Iterator[RequestWarning]:
    """Read a zoom that is 0 throughout, which the original's settings have, as the 1 that they mean."""
    if "zoom" in curves and curves["zoom"].is_constant(0):
        curves["zoom"] = parse_curve("zoom", 1.0, curves["zoom"].timeline)
        if request.animation_mode == "2D":
            message = "zoom: 0 throughout is taken as 1.0, which stands still"
            yield RequestWarning(code="zoom-still", field="zoom", message=message)


def without_effect(curves: dict[str, Curve], request: Animate) -> Iterator[RequestWarning]:
    """One line for all moves that were given and that this mode does not make."""
    idle = [name for name in ALL_MOVES if name not in MOVES[request.animation_mode] and name in curves]
    moving = [name for name in idle if not curves[name].is_constant(STILL.get(name, 0.0))]
    if moving:
        message = f"without effect in the mode {request.animation_mode}: {', '.join(moving)}"
        values = {"mode": request.animation_mode, "fields": tuple(moving)}
        yield RequestWarning(code="no-such-move", field="animation_mode", message=message, values=values)
