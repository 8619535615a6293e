"""What was found in a picture of another program, and the careful reading that all formats share."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LARGEST_SEED
from sdplay.core.identity import add_on_name

LARGEST_TEXT = 2**20  # characters
DEEPEST = 100  # levels of JSON; what programs write has about ten
# The closing quote is optional so that an open string is walked over once, not once from every quote inside it.
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
WHOLE_NUMBER = re.compile(r"\d{1,19}", re.ASCII)

Meaning = tuple[str, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMetadata:
    """What a picture says about itself, in our words as far as we have them.

    `fields` holds request fields (and `model_hash`): a name that is not there was not said, or not in a way that we
    could use. `other` holds what has no field of ours or no name of ours, under the program's own keys, `text` the
    whole as it was read. Nothing is checked against what a request allows.
    """

    program: str
    version: str
    prompt: str
    negative_prompt: str
    fields: dict[str, Any]
    other: dict[str, Any]
    text: str


def invalid_metadata(reason: str, text: str) -> BadRequest:
    return BadRequest(reason, field="metadata", value=text)


def check_length(text: str) -> str:
    """`text` itself; raises `BadRequest` when it is too long to be what a program says about a picture."""
    if len(text) > LARGEST_TEXT:
        raise invalid_metadata(f"is {len(text):,} characters long, and no more than {LARGEST_TEXT:,} are read", text)
    return text


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`, NaN and Infinity read as null.

    Raises `BadRequest` for what is none, is too long or too deep, or holds half a character.
    """
    depth = deepest = 0
    for match in STRING_OR_BRACKET.finditer(check_length(text)):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise invalid_metadata(f"is nested {deepest:,} levels deep, and no more than {DEEPEST} are read", text)
    try:
        value = json.loads(text, parse_constant=lambda _: None)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise invalid_metadata("contains half a surrogate pair, which is not a character", text) from None
    except ValueError as error:
        raise invalid_metadata(f"is damaged JSON: {error}", text) from None
    if not isinstance(value, dict):
        raise invalid_metadata("is no JSON object", text)
    return value


def to_parsed(said: Mapping[str, Any], meanings: Mapping[str, Meaning]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split what was said into our fields, under our names, and the rest; a meaning of None leaves it in the rest."""
    fields: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for key, value in said.items():
        field, read = meanings.get(key, ("", nothing))
        meant = read(value)
        if meant is None:
            other[key] = value
        else:
            fields[field] = meant
    return fields, other


def nothing(_: object) -> None:
    """The meaning of a key that we have no field for."""


def whole(value: object) -> int | None:
    """A whole number from 0 to our largest seed, also when written as text or with a fraction of zero."""
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= LARGEST_SEED else None


def number(value: object) -> float | None:
    """A finite number, also when written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def name(value: object) -> str | None:
    """A text that is not empty."""
    return value.strip() or None if isinstance(value, str) else None


def listed(value: object) -> list[Any]:
    """A list as it is; anything else is an empty one."""
    return cast(list[Any], value) if isinstance(value, list) else []


def words(value: object) -> str:
    """A prompt as it was written; no text is an empty one."""
    return value if isinstance(value, str) else ""


def lora_entry(called: object, network: object, text: object = None) -> str | None:
    """An entry of the field `lora` for a file that a program names, with or without its folders, and its weights;
    None for none. `text` is the weight in the text encoder, where it has one of its own.
    """
    weight = number(network)
    if not isinstance(called, str) or called.strip().casefold() in {"", "none"} or weight is None:
        return None
    plain, for_text = add_on_name(called.strip()), number(text)
    if (for_text is None or for_text == weight) and ":" not in plain:
        return f"{plain}:{weight:g}"
    return f"{plain}:{weight if for_text is None else for_text:g}:{weight:g}"


def with_loras(fields: dict[str, Any], entries: Iterable[str | None]) -> dict[str, Any]:
    """`fields` and the LoRAs that are any."""
    loras = tuple(entry for entry in entries if entry is not None)
    return {**fields, "lora": (*fields.get("lora", ()), *loras)} if loras else fields
