"""The groups in which the fields of requests are read: on the command line, and wherever else they are listed.

A field's group is `group` in its `json_schema_extra`, "advanced" if it names none; `basic: True` is for one that most
people need, as they need all of "basics".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

# In the order they are read best, by what they are called above their fields.
GROUPS = {
    "basics": "Basics",
    "picture": "Picture",
    "mask": "Mask",
    "film": "Film",
    "camera": "Camera",
    "look": "Colour and sharpness",
    "clip": "From a clip",
    "sound": "Sound",
    "model": "Model",
    "hires": "Second pass (hires)",
    "control": "ControlNet",
    "grid": "Grid",
    "memory": "Machine and memory",
    "advanced": "Advanced",
    "output": "Output",
}
BASICS, ADVANCED = "basics", "advanced"


def group_of(marks: Mapping[str, Any]) -> str:
    """The group of a field with these marks (its `json_schema_extra`)."""
    return str(marks.get("group", ADVANCED))


def is_basic(marks: Mapping[str, Any]) -> bool:
    """Whether most people need a field with these marks."""
    return group_of(marks) == BASICS or bool(marks.get("basic"))


def place(marks: Mapping[str, Any]) -> int:
    """Where the group of a field with these marks stands among the groups."""
    return list(GROUPS).index(group_of(marks))


def fields_of(group: str) -> Callable[..., Any]:
    """A `Field` whose `group` is this one; what else `json_schema_extra` may hold are arguments: `basic`, `hashed` …"""

    def field(*, default: Any, description: str, **settings: Any) -> Any:
        marks = {
            name: settings.pop(name) for name in ("basic", "flag", "hashed", "if_absent", "short") if name in settings
        }
        return Field(default=default, description=description, json_schema_extra={"group": group, **marks}, **settings)

    return field
