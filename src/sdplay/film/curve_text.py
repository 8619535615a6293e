"""Schedules as text, cut into keys: `0:(0) step, 10:(where(t>5, 1, 2)), "max_f-1":(3)`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from sdplay.core.errors import BadRequest
from sdplay.film.expression import DEEPEST_BRACKETS, LONGEST_TEXT, Expression, compile_expression
from sdplay.film.expression_names import FILM_NAMES, SOUND_NAMES, Timeline

EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda u: u,
    "step": lambda u: 0.0 if u < 1 else 1.0,
    "hold": lambda u: 0.0 if u < 1 else 1.0,
    "ease-in": lambda u: u * u,
    "ease-out": lambda u: u * (2 - u),
    "ease": lambda u: u * u * (3 - 2 * u),
    "ease-in-out": lambda u: u * u * (3 - 2 * u),
    "cosine": lambda u: (1 - math.cos(math.pi * u)) / 2,
}

Mode = Literal["linear", "step", "hold", "ease", "ease-in", "ease-out", "ease-in-out", "cosine"]
MODES: Mapping[str, Mode] = {mode: mode for mode in get_args(Mode)}
LONGEST_SCHEDULE = 1_000_000
LATEST_FRAME = 10**9

_NUMBER = re.compile(r"[+-]?\s*(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BRACKETED_NUMBER = re.compile(rf"[(\s]*(?P<number>{_NUMBER.pattern})[)\s]*")
# What tells where a separator is one: a quoted text, or what is in brackets without others inside, is one mark.
_MARKS = {each: re.compile(rf""""[^"]*"?|'[^']*'?|\([^()"']*+\)|[(){each}]""") for each in ",:"}
_WITH_MODE = re.compile(r"""(?P<value>.*[\s)'"])(?P<mode>[A-Za-z]+(?:-[A-Za-z]+)*)""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """A frame and its value: a number, or an expression for every frame up to the next key; `text` is as written."""

    frame: int
    value: float | Expression
    mode: Mode
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A key as it is written: its frame, its value with or without a mode, and both together."""

    frame: str
    value: str
    text: str


def read_keys(
    name: str, given: object, timeline: Timeline, default_mode: str
) -> tuple[tuple[Key, ...], frozenset[str]]:
    """The keys of the schedule `name` in order of frames, and every name its expressions use (see `parse_curve`)."""
    keys: dict[int, Key] = {}
    used: set[str] = set()
    reader = _Reader(timeline, mode_named(default_mode))
    for entry in read_entries(name, given):
        try:
            key, names = reader.read(entry)
            before = keys.get(key.frame, key)
            if (before.value, before.mode) != (key.value, key.mode):
                raise BadRequest(f"there is a value for frame {key.frame} already: {before.text!r}")
        except BadRequest as wrong:
            raise BadRequest(wrong.reason, field=name, value=entry.text, hint=wrong.hint) from None
        keys[key.frame] = before
        used |= names
    if not keys:
        raise BadRequest("a schedule has at least one key", field=name, value=given, hint="write 0:(1.0), or a number")
    return tuple(keys[frame] for frame in sorted(keys)), frozenset(used)


def read_expression(text: str, timeline: Timeline) -> Expression:
    """The expression `text` over the names of the film; raises `BadRequest` for a feature of sound without sound."""
    expression = compile_expression(text, timeline.names | SOUND_NAMES)
    deaf = sorted(expression.uses - timeline.names)
    if deaf:
        raise BadRequest(f"{', '.join(deaf)} is known only where there is sound", hint="give audio=FILE")
    return expression


def read_frame(text: str, timeline: Timeline) -> tuple[int, frozenset[str]]:
    """The frame a key stands at, and the names its expression uses; raises `BadRequest`."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text), frozenset()
    expression = compile_expression(text, FILM_NAMES)
    frame = expression(timeline.values)
    if not 0 <= frame <= LATEST_FRAME:
        raise BadRequest(f"a key stands at frame 0 or later (and up to {LATEST_FRAME:,}), not at {frame:g}")
    return math.floor(frame), expression.uses


def mode_named(text: str) -> Mode:
    """The way from a key to the next, of that name; raises `BadRequest`."""
    mode = MODES.get(text.lower())
    if mode is None:
        raise BadRequest(f"there is no way called {text!r} from a key to the next", hint=f"known: {', '.join(MODES)}")
    return mode


def number_in(value: str) -> str | None:
    """The number that `value` is, in brackets or not; None for an expression."""
    match = _BRACKETED_NUMBER.fullmatch(value)
    return "".join(match["number"].split()) if match else None


def unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].strip()
    return text


@dataclass(frozen=True, slots=True)
class _Reader:
    timeline: Timeline
    default_mode: Mode

    def read(self, entry: Entry) -> tuple[Key, frozenset[str]]:
        frame, in_frame = read_frame(unquoted(entry.frame), self.timeline)
        text, mode = self._mode(entry.value)
        value, in_value = self._value(unquoted(text))
        return Key(frame, value, mode, entry.text), in_frame | in_value

    def _mode(self, text: str) -> tuple[str, Mode]:
        match = _WITH_MODE.fullmatch(text.strip())
        if match is None:
            return text, self.default_mode
        if match["mode"].lower() not in MODES and not match["value"].rstrip().endswith((")", "'", '"')):
            return text, self.default_mode
        return match["value"], mode_named(match["mode"])

    def _value(self, text: str) -> tuple[float | Expression, frozenset[str]]:
        number = number_in(text) if len(text) <= LONGEST_TEXT else None  # most keys are one, and need no parser
        inside = text[1:-1].strip() if text[:1] == "(" and text[-1:] == ")" else text
        if number is not None and number == inside and math.isfinite(float(number)):
            return float(number), frozenset()
        expression = read_expression(text, self.timeline)
        return (expression, expression.uses) if number is None else (expression({}), frozenset())


def read_entries(name: str, given: object) -> Iterator[Entry]:
    """The keys of the schedule `name` as they are written; raises `BadRequest` if `given` is not a schedule."""
    if isinstance(given, Mapping):
        return _from_mapping(name, list(cast(Mapping[object, object], given).items()))
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise BadRequest("a schedule is a number, a text like 0:(1.0), or a mapping", field=name, value=given)
    text = given.strip() if isinstance(given, str) else repr(given)
    if len(text) > LONGEST_SCHEDULE:
        raise BadRequest(f"a schedule has at most {LONGEST_SCHEDULE:,} characters", field=name, value=text)
    if text.startswith("{"):
        return _from_json(name, text)
    return iter([Entry("0", text, text)]) if _NUMBER.fullmatch(text) else _from_text(name, text)


def _from_json(name: str, text: str) -> Iterator[Entry]:
    try:
        pairs: list[tuple[object, object]] = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise BadRequest(f"this is not JSON at {where}: {wrong.msg}", field=name, value=text) from None
    except (RecursionError, ValueError):
        raise BadRequest("this is not JSON that can be read", field=name, value=text) from None
    return _from_mapping(name, pairs)


def _from_mapping(name: str, pairs: list[tuple[object, object]]) -> Iterator[Entry]:
    for frame, value in pairs:
        text = f"{frame}:({value})" if isinstance(value, int | float) else f"{frame}:{value}"
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise BadRequest("a key's value is a number or an expression", field=name, value=text)
        yield Entry(str(frame), str(value), text)


def _from_text(name: str, text: str) -> Iterator[Entry]:
    try:
        for part in (part.strip() for part in _split(text, ",")):
            if part:
                frame, *values = _split(part, ":")
                if len(values) != 1:
                    raise BadRequest(f"{part!r} is not a key", hint="write frame:(value), such as 0:(1.0)")
                yield Entry(frame, values[0], part)
    except BadRequest as wrong:
        raise BadRequest(wrong.reason, field=name, value=text, hint=wrong.hint) from None


def _split(text: str, separator: str) -> list[str]:
    """`text` cut at every `separator` that stands outside brackets and quotes; raises `BadRequest` where those do not
    close, and for a comma with nothing before it.
    """
    parts: list[str] = []
    depth, quote, start = 0, "", 0
    for match in _MARKS[separator].finditer(text):
        mark = match[0]
        if mark[0] in "'\"":
            quote = "" if len(mark) > 1 and mark[-1] == mark[0] else mark[0]
        elif mark[0] == "(":
            if depth == DEEPEST_BRACKETS:
                raise BadRequest(f"more than {DEEPEST_BRACKETS} brackets inside one another")
            depth += mark == "("
        elif mark == ")":
            if depth == 0:
                raise BadRequest(f"the ')' at character {match.start() + 1} closes no bracket")
            depth -= 1
        elif depth == 0:
            part = text[start : match.start()]
            if separator == "," and parts and not part.strip():
                raise BadRequest(f"there is nothing before the comma at character {match.start() + 1}")
            parts.append(part)
            start = match.end()
    if depth or quote:
        raise BadRequest(f"a {quote or '('} is never closed")
    return [*parts, text[start:]]
