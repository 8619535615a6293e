"""The schedules of an animation as curves to look at: read one by one, so that what is wrong in one hides no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from sdplay.core.errors import BadRequest, problems_of
from sdplay.core.fields import MOST_FRAMES
from sdplay.core.warning import RequestWarning
from sdplay.film.curve import Curve, SoundAt, parse_curve
from sdplay.film.expression_names import Timeline
from sdplay.film.plan_animate import frames_of
from sdplay.film.prompt_track import PromptTrack, parse_prompts
from sdplay.film.request_animate import Animate
from sdplay.film.schedules import (
    RANGES,
    audio_features,
    check_every_frame,
    check_words,
    standing_still,
    timeline_of,
    without_effect,
)
from sdplay.requests.base import known, make_request

MOST_POINTS = 2000  # of a curve: more than any screen is wide
MOST_CUTS = 1000
DIGITS = 9
Hear = Callable[[Animate, int], SoundAt]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveValues:
    """A schedule: what was read (None where it cannot be), its value at every so many frames, None where arithmetic
    fails, and what is wrong with it.
    """

    curve: Curve | None
    values: tuple[float | None, ...] = ()
    problem: BadRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationCurves:
    """All schedules of an animation by the names of their fields: `values[i]` is that of frame i · `every`.

    `cuts` are the drawn frames at which a new scene begins; `problems` are those of other fields than schedules.
    """

    request: Animate
    frames: int
    every: int
    curves: Mapping[str, CurveValues]
    prompts: PromptTrack | None
    cuts: tuple[int, ...]
    problems: tuple[BadRequest, ...]
    notes: tuple[RequestWarning, ...]


def animation_curves(
    fields: Mapping[str, Any],
    only: Collection[str] = (),
    *,
    most_frames: int = MOST_FRAMES,
    hear: Hear = audio_features,
) -> AnimationCurves:
    """The schedules that `fields` of an `Animate` give, whatever else is wrong with them; `only` some of them.

    Of a film longer than `most_frames` the beginning is looked at, and that is a problem.
    """
    request, problems = readable_request(fields)
    if request.max_frames is not None and request.max_frames > most_frames:
        problems.append(BadRequest(f"at most {most_frames:,} frames", field="max_frames", value=request.max_frames))
        request = request.model_copy(update={"max_frames": most_frames})
    try:
        drawn = frames_of(request)
    except BadRequest as error:
        problems += problems_of(error)
        request = request.model_copy(update={"loop_mode": "none"})
        drawn = frames_of(request)
    timeline = timeline_of(request, drawn, request.seed or 0)
    every = -(-timeline.frames // MOST_POINTS)
    curves = read_curves(request, timeline, only or RANGES)
    prompts, of_words = read_words(request, timeline)
    sound, of_sound = read_sound(request, timeline, curves, prompts, hear)
    notes = [*standing_still(read := readable(curves), request), *without_effect(read, request)]
    curves = {name: replace(one, curve=read.get(name)) for name, one in curves.items()}
    return AnimationCurves(
        request=request,
        frames=timeline.frames,
        every=every,
        curves={name: with_values(name, one, every, sound) for name, one in curves.items()},
        prompts=prompts,
        cuts=cuts_of(request, read.get("strength_schedule"), timeline, sound),
        problems=(*problems, *of_words, *of_sound, *words_problems(prompts, sound)),
        notes=(*(prompts.warnings if prompts is not None else ()), *notes),
    )


def readable_request(fields: Mapping[str, Any]) -> tuple[Animate, list[BadRequest]]:
    """The request that is left of `fields` without those that are wrong, and what is wrong with them."""
    fields = {name: value for name, value in fields.items() if known(Animate, name)}
    problems: list[BadRequest] = []
    while True:
        try:
            return make_request(Animate, **fields), problems
        except BadRequest as error:
            found = problems_of(error)
            wrong = {str(problem.field).partition(".")[0] for problem in found} & fields.keys()
            if not wrong:
                return make_request(Animate), [*problems, *found]
            problems += found
            fields = {name: value for name, value in fields.items() if name not in wrong}


def read_curves(request: Animate, timeline: Timeline, names: Collection[str]) -> dict[str, CurveValues]:
    """The schedules called `names` that `request` has, each with what is wrong with it."""
    read: dict[str, CurveValues] = {}
    for name in names:
        text = cast("str | None", getattr(request, name))
        if text is None:
            continue
        try:
            curve = parse_curve(name, text, timeline, default_mode=request.keyframe_interpolation)
            read[name] = CurveValues(curve=curve)
        except BadRequest as error:
            read[name] = CurveValues(curve=None, problem=error)
    return read


def readable(curves: Mapping[str, CurveValues]) -> dict[str, Curve]:
    return {name: one.curve for name, one in curves.items() if one.curve is not None}


def read_words(request: Animate, timeline: Timeline) -> tuple[PromptTrack | None, list[BadRequest]]:
    try:
        words = parse_prompts(
            request.animation_prompts,
            timeline,
            negative=request.negative_prompt,
            interpolation=request.prompt_interpolation,
        )
    except BadRequest as error:
        return None, problems_of(error)
    return words, []


def read_sound(
    request: Animate,
    timeline: Timeline,
    curves: Mapping[str, CurveValues],
    prompts: PromptTrack | None,
    hear: Hear,
) -> tuple[SoundAt | None, list[BadRequest]]:
    """What is heard at a frame, if something follows it."""
    follows = any(curve.uses_sound for curve in readable(curves).values())
    if request.audio is None or not (follows or (prompts is not None and prompts.uses_sound)):
        return None, []
    try:
        return hear(request, timeline.frames), []
    except BadRequest as error:
        return None, problems_of(error)


def words_problems(prompts: PromptTrack | None, sound: SoundAt | None) -> list[BadRequest]:
    if prompts is None or (prompts.uses_sound and sound is None):
        return []
    try:
        check_words(prompts, sound)
    except BadRequest as error:
        return [error]
    return []


def with_values(name: str, read: CurveValues, every: int, sound: SoundAt | None) -> CurveValues:
    """`read` with its values at every so many frames, and what is wrong with any of all frames."""
    curve = read.curve
    if curve is None or (curve.uses_sound and sound is None):
        return read
    problem = None
    try:
        check_every_frame(name, curve, sound)
    except BadRequest as error:
        problem = error
    frames = range(0, 1 if curve.is_number else curve.timeline.frames, every)
    values = tuple(value_at(curve, frame, sound) for frame in frames)
    return CurveValues(curve=curve, values=values, problem=problem)


def value_at(curve: Curve, frame: int, sound: SoundAt | None) -> float | None:
    """The value at `frame`, None where its arithmetic fails; nine digits are more than anybody sees."""
    try:
        return float(f"{curve.at(frame, sound(frame) if sound is not None and curve.uses_sound else None):.{DIGITS}g}")
    except BadRequest:
        return None


def cuts_of(request: Animate, strength: Curve | None, timeline: Timeline, sound: SoundAt | None) -> tuple[int, ...]:
    """The first drawn frames after frame 0 whose strength is 1."""
    if strength is None or request.of_clip or (strength.uses_sound and sound is None):
        return ()
    drawn = range(request.diffusion_cadence, timeline.frames, request.diffusion_cadence)
    cuts = (frame for frame in drawn if (value_at(strength, frame, sound) or 0) >= 1)
    return tuple(frame for frame, _ in zip(cuts, range(MOST_CUTS), strict=False))
