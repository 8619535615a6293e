"""A request for an animation as the original's `config.py`, which is read back without being run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from sdplay.film.request import ALIASES
from sdplay.film.request_animate import Animate
from sdplay.requests.base import field_marks, field_names
from sdplay.requests.groups import GROUPS

HEAD = '''"""The settings of an animation, for `sdplay animate`: they are read, and nothing here is ever run."""
'''
ORIGINAL = {"fps": "FPS", "steps": "num_inference_steps", "sampler": "scheduler"}
assert all(ALIASES[theirs] == ours for ours, theirs in ORIGINAL.items())
WIDEST = 110


def to_config(request: Animate, left_out: frozenset[str] = frozenset()) -> str:
    """Python source with an assignment for each field that was given, but for those `left_out`."""
    given = {name: getattr(request, name) for name in field_names(Animate) if name in request.model_fields_set}
    lines = [HEAD]
    group = None
    for name, value in given.items():
        if name in left_out or value is None or name in ("mode", "run"):
            continue
        if (here := str(field_marks(Animate, name).get("group", ""))) != group:
            lines.append(f"\n# {GROUPS[here]}" if here in GROUPS else "")
            group = here
        lines += assignment(ORIGINAL.get(name, name), value)
    return "\n".join(lines) + "\n"


def assignment(name: str, value: Any) -> Iterator[str]:
    """`name = value`, prompts by frame one a line."""
    prompts = by_frame(value) if name == "animation_prompts" else None
    if prompts is None:
        yield f"{name} = {literal(value)}"
        return
    yield f"{name} = {{"
    yield from (f"    {literal(frame)}: {literal(text)}," for frame, text in prompts.items())
    yield "}"


def by_frame(text: str) -> dict[str, str] | None:
    """The prompts by frame that `text` holds as a JSON object; None for another notation."""
    try:
        pairs: object = json.loads(text, object_pairs_hook=list)
    except ValueError:
        return None
    if not text.strip().startswith("{") or not isinstance(pairs, list):
        return None
    entries = cast("list[tuple[str, object]]", pairs)
    found = {frame: words for frame, words in entries if isinstance(words, str)}
    return found if len(found) == len(entries) and json.dumps(found, ensure_ascii=False) == text else None


def literal(value: Any) -> str:
    """`value` as Python and JSON write it alike; the double quotes keep it readable for both."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(literal, cast('list[Any]', value)))}]"
    return repr(value)
