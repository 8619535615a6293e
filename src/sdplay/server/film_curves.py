"""The schedules of an animation as data for whoever draws them: keys, values, and what is wrong with which."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from sdplay.core.errors import BadRequest
from sdplay.server.clients import client_fields
from sdplay.server.notes import messages
from sdplay.server.problems import Problem, problem_of
from sdplay.server.records import Upload

if TYPE_CHECKING:
    from sdplay.film.curve import SoundAt
    from sdplay.film.curve_values import CurveValues
    from sdplay.film.request_animate import Animate

REMEMBERED = 4  # sounds


class CurveKey(BaseModel):
    """A key as it is understood: `value` is null for an expression, `text` is the entry as it is written."""

    frame: int
    value: float | None
    mode: str
    text: str


class CurveAnswer(BaseModel):
    """A schedule. `values` has one number for each `every` frames, or a single one that holds throughout; null where
    the arithmetic fails. `low` and `high` are what it may be, null where there is no end.
    """

    keys: list[CurveKey]
    values: list[float | None]
    low: float | None
    high: float | None
    moves: bool = Field(description="Whether it has an effect in this animation_mode.")
    problem: Problem | None = None


class PromptKeyAnswer(BaseModel):
    """Words from a frame on."""

    frame: int
    prompt: str
    negative: str


class CurvesAnswer(BaseModel):
    """All schedules of an animation by their fields' names."""

    frames: int
    every: int
    fps: float
    seconds: float
    cadence: int
    curves: dict[str, CurveAnswer]
    prompts: list[PromptKeyAnswer]
    cuts: list[int] = Field(description="Drawn frames at which a new scene begins.")
    problems: list[Problem]
    notes: list[str]


def curves_of(
    fields: Mapping[str, Any], uploaded: Callable[[str], Upload | None], only: Collection[str], most_frames: int
) -> CurvesAnswer:
    """The schedules in a client's `fields`, or `only` some of them; raises `BadRequest` for names of none."""
    from sdplay.film.curve_values import animation_curves
    from sdplay.film.schedules import ALL_MOVES, MOVES, RANGES

    if strange := sorted(set(only) - RANGES.keys()):
        raise BadRequest("is no schedule", field="only", value=strange[0], hint=", ".join(RANGES))
    usable, refused = client_fields("animate", fields, uploaded)
    found = animation_curves(usable, only, most_frames=most_frames, hear=hear)
    request = found.request
    idle = set(ALL_MOVES) - set(MOVES[request.animation_mode])
    words = found.prompts.keys if found.prompts is not None else ()
    return CurvesAnswer(
        frames=found.frames,
        every=found.every,
        fps=float(request.rate),
        seconds=found.frames / float(request.rate),
        cadence=1 if request.of_clip else request.diffusion_cadence,
        curves={name: curve_answer(name, one, moves=name not in idle) for name, one in found.curves.items()},
        prompts=[
            PromptKeyAnswer(frame=key.frame, prompt=key.prompt.as_written, negative=key.negative.as_written)
            for key in words
        ],
        cuts=list(found.cuts),
        problems=[*map(problem_of, (*refused, *found.problems))],
        notes=messages(found.notes),
    )


def hear(request: Animate, frames: int) -> SoundAt:
    """The sound of `request`; the last ones are remembered, since whoever edits a curve asks again and again."""
    assert request.audio is not None
    return heard(request.audio, request.audio_start, request.fps, frames)


@lru_cache(REMEMBERED)
def heard(audio: str, start: float, fps: str | None, frames: int) -> SoundAt:
    from sdplay.film.request_animate import Animate
    from sdplay.film.schedules import audio_features

    return audio_features(Animate(audio=audio, audio_start=start, fps=fps), frames)


def curve_answer(name: str, values: CurveValues, *, moves: bool) -> CurveAnswer:
    from sdplay.film.schedules import RANGES

    allowed = RANGES[name]
    keys = values.curve.keys if values.curve is not None else ()
    return CurveAnswer(
        keys=[
            CurveKey(
                frame=key.frame,
                value=key.value if isinstance(key.value, float) else None,
                mode=key.mode,
                text=key.text,
            )
            for key in keys
        ],
        values=list(values.values),
        low=allowed.low if math.isfinite(allowed.low) else None,
        high=allowed.high if math.isfinite(allowed.high) else None,
        moves=moves,
        problem=problem_of(values.problem) if values.problem is not None else None,
    )
