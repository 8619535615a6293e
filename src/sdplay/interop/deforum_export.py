"""A request of ours as Deforum's settings: what `from_deforum` reads, the other way round.

Deforum knows straight lines between keys, and expressions without a comma: a schedule with anything else is written out
frame by frame, so that it moves as it does here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sdplay.film.curve import Curve
from sdplay.film.curve_text import Key
from sdplay.film.expression import Expression
from sdplay.film.plan_animate import frames_of, shown_frames
from sdplay.film.prompt_track import joined_negative, split_negative
from sdplay.film.request_animate import Animate
from sdplay.film.schedules import RANGES, Schedules, read_schedules, timeline_of
from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS
from sdplay.interop.deforum_names import SAME

KNOWN = {"t", "max_f", "s", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"} | {
    "exp",
    "expm1",
    "log",
    "log10",
    "log1p",
    "sqrt",
    "abs",
}
PLAIN = re.compile(r"[\w\s.+\-*/()]*")
WORD = re.compile(r"[A-Za-z_]\w*")
STAYS = re.compile(r"1\s*-\s*\((?P<rest>.*)\)", re.DOTALL)
DIGITS = 12
# What has another name there; the other fields of `SAME` are written as they are.
NAMES = {
    "fps": "fps",
    "max_frames": "max_frames",
    "width": "W",
    "height": "H",
    "steps": "steps",
    "guidance_scale": "scale",
    "guidance_schedule": "cfg_scale_schedule",
    "seed_iter_N": "seed_iter_N",
    "diffusion_cadence": "diffusion_cadence",
    "extract_nth_frame": "extract_nth_frame",
    "extract_from_frame": "extract_from_frame",
    "extract_to_frame": "extract_to_frame",
}
FILES = ("init_image", "video_init_path", "audio", "color_image", "depth_model")
OTHERWISE = {"strength_schedule", "sampler", "schedule", "seed", "near_plane", "far_plane", "border", "mode"} | {
    "animation_prompts",
    "negative_prompt",
    "flow_cadence",
    "steps_schedule",
    "init_strength",
    "keyframe_interpolation",
}
MARKS = {"batch_name": "sdplay", "use_init": False, "use_mask": False, "n_batch": 1}
COLOURS = {"LAB_mean": "LAB"}
PADDINGS = {"wrap": "border"}


class DeforumSettings(NamedTuple):
    """What stands in the file, and what of the request is not in it or was written otherwise."""

    settings: dict[str, Any]
    notes: list[str]


def to_deforum(request: Animate) -> DeforumSettings:
    """`request` as Deforum's settings; raises `BadRequest` and `BadRequests` for schedules that cannot be read."""
    schedules = read_schedules(request, timeline_of(request, frames_of(request), request.seed or 0))
    settings: dict[str, Any] = dict(MARKS)
    notes: list[str] = []
    for name in (*SAME, *NAMES):
        value = getattr(request, name, None)
        if value is not None and name not in FILES and name not in RANGES:
            settings[NAMES.get(name, name)] = value
    settings["fps"] = whole(float(request.rate))
    settings["max_frames"] = shown_frames(request)
    for name in RANGES:
        if schedules.given(name):
            text, written_out = schedule_text(schedules, name)
            settings[NAMES.get(name, name)] = text
            notes += [f"{name}: written out frame by frame, since Deforum reads no easing and no commas"] * written_out
    settings["enable_steps_scheduling"] = schedules.given("steps_schedule")
    for write in (of_noise, of_camera, of_words):
        found, said = write(request, schedules)
        settings |= found
        notes += said
    return DeforumSettings(settings, [*notes, *left_out(request)])


def whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def of_noise(request: Animate, schedules: Schedules) -> tuple[dict[str, Any], list[str]]:
    """Seed, sampler and schedule."""
    settings: dict[str, Any] = {"seed": request.seed if request.seed is not None else -1}
    settings["seed_behavior"] = request.seed_behavior or ("fixed" if request.of_clip else "iter")
    if request.sampler is not None:
        settings["sampler"] = SAMPLER_LABELS.get(request.sampler, request.sampler)
    if request.sampler is not None and request.schedule is not None:
        settings["scheduler"] = SCHEDULE_LABELS.get(request.schedule, request.schedule)
    return settings, []


def of_camera(request: Animate, schedules: Schedules) -> tuple[dict[str, Any], list[str]]:
    """Edges, planes, colours and what lies between drawn frames."""
    notes: list[str] = []
    border = request.border if request.border in ("wrap", "replicate") else "replicate"
    settings: dict[str, Any] = {"border": border}
    settings["near_schedule"] = f"0:({number(request.near_plane)})"
    settings["far_schedule"] = f"0:({number(request.far_plane)})"
    settings["optical_flow_cadence"] = "DIS Medium" if request.flow_cadence == "dis" else "None"
    settings["color_coherence"] = COLOURS.get(request.color_coherence, request.color_coherence)
    settings["padding_mode"] = PADDINGS.get(request.padding_mode, request.padding_mode)
    for name in ("border", "color_coherence", "padding_mode"):
        if settings[name] != (asked := getattr(request, name)):
            notes.append(f"{name}: {asked!r} is not known there; written as {settings[name]!r}")
    return settings, notes


def of_words(request: Animate, schedules: Schedules) -> tuple[dict[str, Any], list[str]]:
    """Prompts by frame. Where some say what to keep away from themselves, all do: there both are put together."""
    texts = {key.frame: key.text for key in schedules.prompts.keys}
    own = [split_negative(text)[1] is not None for text in texts.values()]
    if any(own):
        never = request.negative_prompt
        texts = {f: t if has else joined_negative(t, never) for (f, t), has in zip(texts.items(), own, strict=True)}
    elif request.negative_prompt:
        prompts = {"animation_prompts_negative": request.negative_prompt}
        return {"animation_prompts": {str(frame): text for frame, text in texts.items()}, **prompts}, []
    return {"animation_prompts": {str(frame): text for frame, text in texts.items()}}, []


def left_out(request: Animate) -> Iterator[str]:
    """A line for settings that are not the usual ones and have no place there."""
    written = {*SAME, *NAMES, *OTHERWISE, *FILES, "color_coherence", "padding_mode", "seed_behavior"}
    usual = Animate.model_fields
    asked = request.model_fields_set - written - {"run"}
    strange = sorted(name for name in asked if getattr(request, name) != usual[name].default)
    if strange:
        yield f"without meaning there, left out: {', '.join(strange)}"
    if files := sorted(name for name in FILES if name in request.model_fields_set and getattr(request, name)):
        yield f"files are not taken along: {', '.join(files)}"


def schedule_text(schedules: Schedules, name: str) -> tuple[str, bool]:
    """The schedule `name` as Deforum reads it, and whether it had to be written out; its strength is turned round."""
    curve = schedules.curves[name]
    turned = name == "strength_schedule"
    if all(is_simple(key, curve) for key in curve.keys):
        return ", ".join(f"{key.frame}:({entry(key, turned)})" for key in curve.keys), False
    last = curve.timeline.frames - 1
    values = [schedules.at(name, frame) for frame in range(last + 1)]
    corners = [frame for frame in range(last + 1) if not 0 < frame < last or is_corner(values, frame)]
    keys = (f"{frame}:({number(1 - values[frame] if turned else values[frame])})" for frame in corners)
    return ", ".join(keys), True


def is_simple(key: Key, curve: Curve) -> bool:
    """Whether Deforum understands `key` as it stands."""
    if key.frame > curve.timeline.frames - 1 or (key.mode != "linear" and key is not curve.keys[-1]):
        return False
    if not isinstance(key.value, Expression):
        return True
    text = expression_in(key.value)
    return PLAIN.fullmatch(text) is not None and "//" not in text and set(WORD.findall(text)) <= KNOWN


def expression_in(value: Expression) -> str:
    """The expression without brackets around all of it."""
    text = value.text.strip()
    while is_bracketed(text):
        text = text[1:-1].strip()
    return text


def is_bracketed(text: str) -> bool:
    """Whether the first bracket closes at the end."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(text) - 1 and text.startswith("(")
    return False


def entry(key: Key, turned: bool) -> str:
    """The value of `key`; of a strength, how much stays."""
    if not isinstance(key.value, Expression):
        return number(float(1 - Decimal(repr(key.value))) if turned else key.value)
    text = expression_in(key.value)
    if not turned:
        return text
    match = STAYS.fullmatch(text)
    return match["rest"] if match and is_bracketed(f"({match['rest']})") else f"1-({text})"


def number(value: float) -> str:
    return f"{whole(round(value, DIGITS))}"


def is_corner(values: list[float], frame: int) -> bool:
    """Whether `frame` does not lie on the straight line between its neighbours."""
    before, here, after = values[frame - 1 : frame + 2]
    return abs(before - 2 * here + after) > 1e-12 * max(abs(before), abs(here), abs(after), 1)
