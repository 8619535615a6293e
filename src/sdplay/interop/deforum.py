"""Deforum's settings (`…_settings.txt`, JSON) in our words. Its strength says how much of a frame stays, ours how much
changes, so each value x becomes 1 - x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from sdplay.core.errors import BadRequest
from sdplay.film.curve_text import number_in, read_entries
from sdplay.film.request_animate import Animate
from sdplay.film.schedules import ALL_MOVES, MOVES, RANGES, read_schedules, timeline_of
from sdplay.interop.deforum_names import ALWAYS, COUNTS, ENOUGH_MARKS, MARKS, NEVER, PLANES, RENAMED, SAME
from sdplay.interop.names import schedule_of, split
from sdplay.requests.base import make_request

# "0: 0: (1.5)": what a hand that copied a key made of it.
REPEATED = re.compile(r"(^|,)\s*([0-9]+)\s*:\s*\2\s*:")
FIELD = "animation_prompts"
SCHEDULES = {*RANGES, *PLANES, "cfg_scale_schedule"}


def is_deforum(settings: Mapping[str, Any]) -> bool:
    """Whether these are Deforum's settings rather than ours."""
    return len(MARKS & settings.keys()) >= ENOUGH_MARKS


def from_deforum(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Deforum's `settings` as ours, and notes on what was turned around or has no meaning here.

    Raises `BadRequest` for a strength_schedule that cannot be read, and for prompts that are not by frame.
    """
    settings, notes = read_once(settings)
    fields = {name: value for name, value in settings.items() if name in SAME and value is not None}
    fields |= {RENAMED[name]: value for name, value in settings.items() if name in RENAMED and value is not None}
    used = set(SAME | RENAMED.keys())
    for names, translate in TRANSLATIONS.items():
        if any(name in settings for name in names):
            found, noted = translate(settings)
            fields |= found
            notes += noted
        used |= set(names)
    if settings.get("color_coherence") != "Image":
        fields.pop("color_image", None)
    for name in sorted(unreadable(fields)):
        notes.append(f"{name}: {fields.pop(name)!r} cannot be read, and is unused in this film; left out")
    strange = sorted(settings.keys() - used)
    if strange:
        notes.append(f"without meaning here, left out: {', '.join(strange)}")
    return fields, notes


def read_once(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`settings` with a frame number that stands twice before a value (`0: 0: (1.5)`) once, and a note for each."""
    texts = {name: value for name, value in settings.items() if name in SCHEDULES and isinstance(value, str)}
    once = {name: REPEATED.sub(r"\1\2:", text) for name, text in texts.items() if REPEATED.search(text)}
    return {**settings, **once}, [f"{name}: {texts[name]!r} is read as {text!r}" for name, text in once.items()]


def unreadable(fields: Mapping[str, Any]) -> set[str]:
    """Those of `fields` that have no effect in this mode, and that no film could have."""
    return {name for name in idle_names(fields) & fields.keys() if not is_readable(name, fields[name])}


def idle_names(fields: Mapping[str, Any]) -> set[str]:
    """The settings without effect in the mode that `fields` name."""
    mode = fields.get("animation_mode", "2D")
    idle = {name for name in ALL_MOVES if name not in MOVES.get(mode, ALL_MOVES)}
    if fields.get("seed_behavior") != "schedule":
        idle.add("seed_schedule")
    if mode != "2D":
        idle.add("border")
    if mode != "3D":
        idle |= {"fov", "fov_schedule", "near_plane", "far_plane", "padding_mode", "use_depth_warping", "midas_weight"}
    if mode != "Video Input":
        idle |= {"extract_nth_frame", "extract_from_frame", "extract_to_frame"}
    return idle


def is_readable(name: str, value: object) -> bool:
    """Whether a film could have `value` under `name`."""
    try:
        request = make_request(Animate, animation_prompts="any", max_frames=1, **{name: value})
        read_schedules(request, timeline_of(request, 1, 0))
    except BadRequest:
        return False
    return True


def inverted(schedule: object) -> str:
    """A schedule of x as one of 1 - x; numbers stay numbers, so that what lies between keys is the same line."""
    field = "strength_schedule"
    entries = read_entries(field, schedule)
    return ", ".join(f"{entry.frame.strip()}:({_one_less(entry.value.strip())})" for entry in entries)


def _one_less(value: str) -> str:
    number = number_in(value)
    return f"1-({value})" if number is None else f"{1 - Decimal(number):f}"


Found = tuple[dict[str, Any], list[str]]


def _strength(settings: Mapping[str, Any]) -> Found:
    turned = inverted(settings["strength_schedule"])
    return {"strength_schedule": turned}, ["strength_schedule: Deforum's x is how much stays; turned into 1 - x"]


def _seed(settings: Mapping[str, Any]) -> Found:
    seed = _whole(settings["seed"])
    return ({} if seed in (-1, "-1", None, "") else {"seed": seed}), []


def _sampler(settings: Mapping[str, Any]) -> Found:
    label = settings.get("sampler")
    sampler, schedule = split(label) if isinstance(label, str) else (None, None)
    schedule = schedule or schedule_of(settings.get("scheduler"))
    if sampler is None:
        return {}, [f"sampler: there is none like {label!r}; the model's own is used"]
    return {"sampler": sampler} | ({"schedule": schedule} if schedule else {}), []


def _planes(settings: Mapping[str, Any]) -> Found:
    """Distances that are schedules in newer settings, and numbers here."""
    fields: dict[str, Any] = {}
    notes: list[str] = []
    for theirs, ours in PLANES.items():
        if theirs not in settings:
            continue
        entries = list(read_entries(theirs, settings[theirs]))
        number = number_in(entries[0].value.strip()) if len(entries) == 1 else None
        if number is None:
            notes.append(f"{theirs}: distances that change have no meaning here; left out")
        else:
            fields[ours] = float(number)
    return fields, notes


def _counts(settings: Mapping[str, Any]) -> Found:
    return {ours: _whole(settings[name]) for name, ours in COUNTS.items() if settings.get(name) is not None}, []


def _whole(value: object) -> object:
    """`value` as a whole number if it is one, or its text, or a schedule of it: 3.0, "3", "0: (3)"."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    match = re.fullmatch(r"\s*(?:0\s*:)?\s*\(?\s*([0-9]{1,19})\s*\)?\s*", value) if isinstance(value, str) else None
    return int(match[1]) if match else value


def _border(settings: Mapping[str, Any]) -> Found:
    """Anything but "wrap" is "replicate" there."""
    border = settings["border"]
    if not isinstance(border, str) or border in ("wrap", "replicate"):
        return {"border": border}, []
    return {"border": "replicate"}, [f"border: {border!r} is not one; Deforum takes it for 'replicate'"]


def _distribution(settings: Mapping[str, Any]) -> Found:
    """Where drawn frames lie: here every `diffusion_cadence`-th one, whatever keys prompts and schedules have."""
    kind = settings["keyframe_distribution"]
    if kind in (None, "Off"):
        return {}, []
    return {}, [f"keyframe_distribution: {kind!r} is not known here; every diffusion_cadence-th frame is drawn"]


def _steps(settings: Mapping[str, Any]) -> Found:
    if "steps_schedule" not in settings or not settings.get("enable_steps_scheduling"):
        return {}, []
    return {"steps_schedule": settings["steps_schedule"]}, []


def _start(settings: Mapping[str, Any]) -> Found:
    """The picture to start from, and its strength, which is turned around as well."""
    if not settings.get("use_init") or not settings.get("init_image"):
        return {}, []
    fields: dict[str, Any] = {"init_image": settings["init_image"]}
    strength = settings.get("strength")
    if isinstance(strength, int | float):
        fields["init_strength"] = float(1 - Decimal(str(strength)))
    return fields, []


def _flow(settings: Mapping[str, Any]) -> Found:
    kind = str(settings["optical_flow_cadence"])
    if kind == "None":
        return {}, []
    note = [] if kind.startswith("DIS") else [f"optical_flow_cadence: {kind!r} is taken as DIS"]
    return {"flow_cadence": "dis"}, note


def _prompts(settings: Mapping[str, Any]) -> Found:
    """Prompts by frame, with the words for all of them before, and the negative ones for all of them after."""
    prompts = settings.get("animation_prompts") or settings.get("prompts")
    always, never = (_first_of(settings, names) for names in (ALWAYS, NEVER))
    if isinstance(prompts, list) and all(isinstance(text, str) for text in cast(list[object], prompts)):
        hint = 'write {"0": "first prompt", "60": "second prompt"}, or draw the list as pictures'
        raise BadRequest("these are prompts of pictures, not of frames", field=FIELD, value=prompts, hint=hint)
    fields: dict[str, Any] = {"negative_prompt": never} if never else {}
    if isinstance(prompts, Mapping):
        texts = cast(Mapping[object, object], prompts).items()
        prompts = {str(frame): _with_both(text, always, never) for frame, text in texts}
    return fields | ({"animation_prompts": prompts} if prompts else {}), []


def _first_of(settings: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := str(settings.get(name) or "").strip())), "")


def _with_both(text: object, always: str, never: str) -> object:
    if not isinstance(text, str):
        return text
    prompt, _, negative = text.partition("--neg")
    prompt = f"{always} {prompt.strip()}".strip()
    return f"{prompt} --neg {negative.strip()} {never}".strip() if negative.strip() else prompt


TRANSLATIONS: Mapping[tuple[str, ...], Callable[[Mapping[str, Any]], Found]] = {
    ("strength_schedule",): _strength,
    ("seed",): _seed,
    ("sampler", "scheduler"): _sampler,
    tuple(PLANES): _planes,
    tuple(COUNTS): _counts,
    ("border",): _border,
    ("keyframe_distribution",): _distribution,
    ("steps_schedule", "enable_steps_scheduling"): _steps,
    ("use_init", "init_image", "strength"): _start,
    ("optical_flow_cadence",): _flow,
    ("animation_prompts", "prompts", *ALWAYS, *NEVER): _prompts,
}
