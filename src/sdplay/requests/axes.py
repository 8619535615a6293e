"""One axis of a grid, as it is written: `steps=10,20,30`, `seed=1-5`, `guidance=1-10 [4]`, `prompt=castle|house`.

The notation is that of A1111's X/Y/Z plot: values with commas between them (or with | where there is one), in double
quotes where they hold such a sign themselves; for numbers also ranges. Of texts, the first value is what is searched
for, and each value takes its place in turn (Prompt S/R).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast, get_origin

from pydantic import TypeAdapter, ValidationError

from sdplay.core.errors import BadRequest, UnknownName, problems_of
from sdplay.core.values import plain_type, read_size
from sdplay.requests.base import Request, field_info, field_marks, field_names, make_request
from sdplay.requests.request import AnyStill

TEXTS = ("prompt", "negative_prompt")
SIZE = "size"
MOST_VALUES = 10_000
NAMED = re.compile(r"\s*([^=]{1,60}?)\s*=(.*)", re.DOTALL)
NUMBER = r"([+-]?\d{1,19}(?:\.\d{1,19})?)"
RANGE = re.compile(rf"\s*{NUMBER}\s*-\s*{NUMBER}\s*(?:\(\s*{NUMBER}\s*\)|\[\s*(\d{{1,9}})\s*\])?\s*")
# What A1111 and others call a field, where that is neither its name nor its flag here.
ALIASES = {
    "cfg": "guidance_scale",
    "cfg_scale": "guidance_scale",
    "checkpoint": "model",
    "checkpoint_name": "model",
    "denoising": "strength",
    "denoising_strength": "strength",
    "prompt_s/r": "prompt",
    "scheduler": "schedule",
    "schedule_type": "schedule",
    "styles": "style",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """`field` of a request takes each of `values` in turn; of "size" they are pairs of sides.

    The first value of a text is searched for, and all of them take its place.
    """

    field: str
    name: str
    values: tuple[Any, ...]

    def applied(self, fields: dict[str, Any], number: int) -> dict[str, Any]:
        """`fields` with value `number`; raises `BadRequest` where a text does not hold what is searched for."""
        value = self.values[number]
        if self.field == SIZE:
            return fields | {"width": value[0], "height": value[1]}
        if self.field not in TEXTS:
            return fields | {self.field: value}
        search, text = str(self.values[0]), str(fields[self.field])
        if (search not in text) if search else bool(text):
            hint = f"the first value is searched for in the {self.name}, and the others take its place"
            raise BadRequest(f"is not in the {self.name}", field=axis_field(self.name), value=search, hint=hint)
        return fields | {self.field: text.replace(search, str(value))}

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(map(spelled, self.values))


def spelled(value: object) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        parts = cast(tuple[object, ...], value)
        numbers = all(isinstance(part, int) for part in parts)
        return ("x" if numbers and parts else ", ").join(map(str, parts)) or "(none)"
    return str(value) if value not in (None, "") else "(none)"


def axis_field(name: str) -> str:
    """How an axis is called in messages."""
    return f"grid {name}"


def field_of(name: str, kind: type[Request]) -> tuple[str, str]:
    """(field, the name it is shown under) for what somebody calls it; raises `UnknownName` with near ones."""
    flags = {flag_of(kind, field): field for field in field_names(kind) if field != "mode"}
    wanted = re.sub(r"[\s-]+", "_", name.strip().casefold().removeprefix("--"))
    known = {flag.replace("-", "_"): field for flag, field in flags.items()} | {SIZE: SIZE}
    known |= {field: field for field in flags.values()}
    known |= {alias: field for alias, field in ALIASES.items() if field in kind.model_fields}
    if wanted not in known:
        raise UnknownName("grid axis", name, [*flags, SIZE])
    field = known[wanted]
    return field, SIZE if field == SIZE else flag_of(kind, field)


def flag_of(kind: type[Request], field: str) -> str:
    return str(field_marks(kind, field).get("flag", field.replace("_", "-")))


def read_axis(text: str, kind: type[Request]) -> tuple[Axis | None, list[BadRequest]]:
    """The axis that `text` describes, with its valid values, None if there is no such axis; and all that is wrong."""
    match = NAMED.fullmatch(text)
    if match is None:
        hint = 'write "steps=10,20,30": a field, and its values'
        return None, [BadRequest("is not an axis", field="grid", value=text, hint=hint)]
    try:
        field, name = field_of(match[1], kind)
        parts = parts_of(match[2], name)
    except BadRequest as error:
        return None, [error]
    written, problems = list[str](), list[BadRequest]()
    for part in parts:
        try:
            written += written_out(part, kind, field, name)
        except BadRequest as error:
            problems.append(error)
        if len(written) > MOST_VALUES:
            return None, [*problems, too_many(match[2], name)]
    values, invalid = converted(written, kind, field, name)
    return (Axis(field=field, name=name, values=values) if values else None), problems + invalid


def converted(
    written: Sequence[str], kind: type[Request], field: str, name: str
) -> tuple[tuple[Any, ...], list[BadRequest]]:
    """The values of `field` that the texts `written` are, and what is wrong with the others."""
    convert, values, problems = converter(kind, field), list[Any](), list[BadRequest]()
    for value in written:
        try:
            values.append(convert(value))
        except ValueError as error:
            hint = "write 256 or 256x384" if field == SIZE else field_info(kind, field).description or ""
            problems.append(BadRequest(said(error), field=axis_field(name), value=value, hint=hint))
    return tuple(values), problems


def parts_of(text: str, name: str) -> list[str]:
    """The values in `text` as they stand there; raises `BadRequest`."""
    unquoted = re.sub(r'"[^"]*"', "", text)
    delimiter = "|" if "|" in unquoted else ","
    try:
        line = text.replace("\n", " ").replace("\r", " ")
        values = [part.strip() for part in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
    except csv.Error as error:
        raise BadRequest(f"cannot be read: {error}", field=axis_field(name), value=text) from None
    if not values:
        raise BadRequest("has no values", field=axis_field(name), value=text, hint=f"write {name}=A,B,C")
    return values


def written_out(part: str, kind: type[Request], field: str, name: str) -> list[str]:
    """`part`, or the numbers of the range that it is; raises `BadRequest`."""
    plain = plain_type(field_info(kind, field).annotation) if field != SIZE else tuple
    match = RANGE.fullmatch(part) if plain in (int, float) else None
    return range_of(match, name, whole=plain is int) if match else [part]


def range_of(match: re.Match[str], name: str, *, whole: bool) -> list[str]:
    """The numbers of a range: `1-5` by ones, `1-10 (+2)` by twos, `1-10 [4]` four of them, evenly; as A1111 has it,
    whole numbers are cut to be whole.
    """
    first, last = Decimal(match[1]), Decimal(match[2])
    step, parts = Decimal(match[3]) if match[3] is not None else Decimal(1 if last >= first else -1), 1
    if match[4] is not None:
        count = int(match[4])
        step, parts = last - first, max(count - 1, 1)  # divided last, so that the end is met exactly
    else:
        count = int((last - first) / step) + 1 if step and (last - first) / step >= 0 else 0
    if not count:
        hint = "write 1-10 (+2), 10-1 (-3) or 1-10 [4]"
        raise BadRequest("is a range with nothing in it", field=axis_field(name), value=match[0], hint=hint)
    if count > MOST_VALUES:
        raise too_many(match[0], name)
    numbers = [first + step * place / parts for place in range(count)]
    return [str(int(number)) if whole else str(number) for number in numbers]


def too_many(value: str, name: str) -> BadRequest:
    return BadRequest(f"gives more than {MOST_VALUES:,} values", field=axis_field(name), value=value)


def converter(kind: type[Request], field: str) -> Callable[[str], Any]:
    """What makes a value of `field` of a text; raises `ValueError` for an invalid one."""
    if field == SIZE:
        return size_of
    annotation: Any = field_info(kind, field).annotation
    if get_origin(plain_type(annotation)) is tuple:
        return lambda text: (text,) if text else ()
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    return lambda text: adapter.validate_python(text, strict=False)


def size_of(text: str) -> tuple[int, int]:
    size = read_size(text)
    if size is None:
        raise ValueError("is not a size")
    return size


def said(error: ValueError) -> str:
    """What `error` says, pydantic's in our words."""
    reason = str(error)
    if isinstance(error, ValidationError):
        reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    return reason[0].lower() + reason[1:]


def invalid_values(axis: Axis, request: AnyStill) -> list[BadRequest]:
    """What is wrong with each value of `axis` by itself, in the words of the axis; `grid.cells` tries them together."""
    fields, problems = request.model_dump(), list[BadRequest]()
    for number in range(len(axis.values)):
        try:
            make_request(type(request), **axis.applied(fields, number))
        except BadRequest as error:
            renamed = [in_words_of(axis, each) for each in problems_of(error)]
            problems += [each for each in renamed if each.field == axis_field(axis.name)]
    return problems


def in_words_of(axis: Axis, error: BadRequest) -> BadRequest:
    """`error` about the field that `axis` varies, naming the axis."""
    fields = ("width", "height") if axis.field == SIZE else (axis.field,)
    if error.field in fields:
        return BadRequest(error.reason, field=axis_field(axis.name), value=error.value, hint=error.hint)
    return error
