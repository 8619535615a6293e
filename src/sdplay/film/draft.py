"""A draft of a film: the same camera, words and length in a fraction of the time, to look at before the real one.

An animation: a third of the steps (six at least, or as many as it has), and half as many drawn frames (twice the
cadence). A dream: a third of the steps likewise, and every second frame, shown for twice as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sdplay.film.layout import LoopLayout
from sdplay.film.plan import FilmPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request_animate import Animate

LEAST_STEPS = 6
FEWER_STEPS, FEWER_FRAMES = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`changes` are the fields of the request that a draft has otherwise; `says` is a line for each of them."""

    changes: Mapping[str, Any]
    says: tuple[str, ...]


def draft_of(plan: FilmPlan) -> Draft:
    """What a draft of the film of `plan` changes."""
    of_steps, steps_said = fewer_steps(plan)
    of_frames, frames_said = fewer_frames(plan) if isinstance(plan, DreamPlan) else fewer_drawn(plan)
    return Draft(changes=of_steps | of_frames, says=tuple(line for line in (steps_said, frames_said) if line))


def fewer_steps(plan: FilmPlan) -> tuple[dict[str, Any], str]:
    steps = plan.recipe.steps
    fewer = min(steps, max(steps // FEWER_STEPS, LEAST_STEPS))
    if fewer == steps or getattr(plan.recipe.request, "steps_schedule", None) is not None:
        return {}, ""
    return {"steps": fewer}, f"{fewer} steps in place of {steps}"


def fewer_drawn(plan: FilmPlan) -> tuple[dict[str, Any], str]:
    """Twice the cadence of an animation; frames of a clip are drawn each for itself."""
    request = plan.recipe.request
    if not isinstance(request, Animate) or request.of_clip or request.diffusion_cadence >= plan.total:
        return {}, ""
    cadence = request.diffusion_cadence * FEWER_FRAMES
    return {"diffusion_cadence": cadence}, f"one frame in {cadence} is drawn, not one in {request.diffusion_cadence}"


def fewer_frames(plan: DreamPlan) -> tuple[dict[str, Any], str]:
    """Every second frame of a dream, at half its rate: its keys at half their frames."""
    request, total = plan.request, plan.total
    rate = str(Fraction(request.fps) / FEWER_FRAMES)
    if request.keyframes:
        frames = [key.frame // FEWER_FRAMES for key in request.keyframes]
        if len(set(frames)) < len(frames):
            return {}, ""
        keys = [
            key.model_dump(exclude_none=True) | {"frame": frame}
            for key, frame in zip(request.keyframes, frames, strict=True)
        ]
        half = max(total // FEWER_FRAMES, frames[-1] + 1)
        changes: dict[str, Any] = {"keyframes": keys, "num": half}
    elif request.frames_per_key is not None:
        every = request.frames_per_key // FEWER_FRAMES
        if not every:
            return {}, ""
        closed = isinstance(plan.layout, LoopLayout)
        half = plan.stretches * every if closed else min(total // FEWER_FRAMES + 1, plan.stretches * every + 1)
        changes = {"frames_per_key": every, "num": half}
    else:
        half = total // FEWER_FRAMES
        if half < len(plan.named):
            return {}, ""
        changes = {"num": half}
    return changes | {"fps": rate}, f"{half} frames in place of {total}, each shown twice as long"
