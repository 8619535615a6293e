"""Deforum's settings (`…_settings.txt`, JSON) in our words. Its strength says how much of a frame stays, ours how much
changes, so each value x becomes 1 - x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from sdplay.film.curve_text import number_in, read_entries
from sdplay.interop.deforum_names import COUNTS, ENOUGH_MARKS, MARKS, PLANES, RENAMED, SAME
from sdplay.interop.names import schedule_of, split


def is_deforum(settings: Mapping[str, Any]) -> bool:
    """Whether these are Deforum's settings rather than ours."""
    return len(MARKS & settings.keys()) >= ENOUGH_MARKS


def from_deforum(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Deforum's `settings` as ours, and notes on what was turned around or has no meaning here.

    Raises `BadRequest` (field strength_schedule) for one that cannot be read.
    """
    fields = {name: value for name, value in settings.items() if name in SAME and value is not None}
    fields |= {RENAMED[name]: value for name, value in settings.items() if name in RENAMED and value is not None}
    notes: list[str] = []
    used = set(SAME | RENAMED.keys())
    for names, translate in TRANSLATIONS.items():
        if any(name in settings for name in names):
            found, noted = translate(settings)
            fields |= found
            notes += noted
        used |= set(names)
    if settings.get("color_coherence") != "Image":
        fields.pop("color_image", None)
    strange = sorted(settings.keys() - used)
    if strange:
        notes.append(f"without meaning here, left out: {', '.join(strange)}")
    return fields, notes


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
    seed = settings["seed"]
    return ({} if seed in (-1, None, "") else {"seed": seed}), []


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
    """Whole numbers that its notebook writes as text."""
    return {name: _whole(settings[name]) for name in COUNTS if name in settings}, []


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value) else value


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
    always, never = (str(settings.get(f"animation_prompts_{part}") or "").strip() for part in ("positive", "negative"))
    fields: dict[str, Any] = {"negative_prompt": never} if never else {}
    if isinstance(prompts, Mapping):
        texts = cast(Mapping[object, object], prompts).items()
        prompts = {str(frame): _with_both(text, always, never) for frame, text in texts}
    return fields | ({"animation_prompts": prompts} if prompts else {}), []


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
    COUNTS: _counts,
    ("steps_schedule", "enable_steps_scheduling"): _steps,
    ("use_init", "init_image", "strength"): _start,
    ("optical_flow_cadence",): _flow,
    ("animation_prompts", "prompts", "animation_prompts_positive", "animation_prompts_negative"): _prompts,
}
