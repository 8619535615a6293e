"""What A1111's extension for ControlNet writes: `ControlNet 0: "Module: canny, Model: …, Weight: 1, …"`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sdplay.images.infotext import CONTROLNET, pairs_in
from sdplay.interop.parsed import name, number

HASH = re.compile(r"\s*\[[0-9a-f]{8,}\]$")  # behind a model's name
PREPROCESSORS = {"canny": "canny", "none": "none"}


def whole_number(text: str) -> int | None:
    """Thresholds are written as 100.0."""
    value = number(text)
    return round(value) if value is not None else None


MEANINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "Module": ("control_preprocessor", lambda text: PREPROCESSORS.get(text.casefold())),
    "Model": ("controlnet", lambda text: name(HASH.sub("", text))),
    "Weight": ("control_scale", number),
    "Threshold A": ("canny_low", whole_number),
    "Threshold B": ("canny_high", whole_number),
    "Guidance Start": ("control_start", number),
    "Guidance End": ("control_end", number),
}
OF_EDGES = {"canny_low", "canny_high"}
AS_HERE = {"Resize Mode": "crop and resize", "Control Mode": "balanced"}  # other ways have no meaning here


def read_control(pairs: dict[str, str]) -> tuple[dict[str, Any], bool]:
    """(the fields of a request that the first ControlNet's entry among `pairs` says, whether that is all it says)."""
    told = dict(pairs_in(pairs.get(CONTROLNET, "")))
    fields: dict[str, Any] = {}
    for key, (field, meaning) in MEANINGS.items():
        value = meaning(told[key]) if key in told else None
        if value is not None:
            fields[field] = value
    if fields.get("control_preprocessor") != "canny":  # thresholds of another preprocessor have another meaning
        fields = {field: value for field, value in fields.items() if field not in OF_EDGES}
    other_way = any(told.get(key, way).casefold() != way for key, way in AS_HERE.items())
    return fields, "control_preprocessor" in fields and not other_way
