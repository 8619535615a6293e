"""Command line flags, read off the request type: a new field of a request is a new flag, by itself.

A flag is named after its field, or after `flag` (and `short`) in the field's `json_schema_extra`; help, type and
default are the field's own, and `SDPLAY_NAME` in the environment stands for `--name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import click
from click.core import ParameterSource

from sdplay.cli.param_types import Choice, NameOrNumbers, Number, Numbers, Size
from sdplay.cli.request_command import Flag
from sdplay.core.errors import BadRequests, SdplayError, together
from sdplay.core.values import plain_type

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from sdplay.requests.base import Request


SIMPLE_TYPES: dict[Any, click.ParamType] = {int: click.INT, float: Number(), str: click.STRING}
ONLY_IN_FILES = {"keyframes"}  # what no flag can say well: a settings file holds it
FIELD = re.compile(r"`([a-z][a-z_]*)(?:=([^`]+))?`")  # a field as messages name it
SIDES = ("width", "height")
SIZE_HINT = "a side, or width and height in pixels: 256 or 256x384"
RANDOM_SEED = -1  # what the rest of the field writes for "any"


def request_options(kind: type[Request], *, positional: str | None, for_new: bool) -> list[click.Parameter]:
    """One option for every field of `kind` but `positional`, and `--size`.

    `for_new`: for a new picture; defaults are shown, and the environment may set flags. If flags change an existing
    recipe, only what was typed may count.
    """
    from sdplay.requests.base import field_info, field_names

    options: list[click.Parameter] = []
    for field in field_names(kind):
        info = field_info(kind, field)
        if field != positional and field not in ONLY_IN_FILES and not is_constant(info.annotation):
            options.append(option(field, info, for_new))
        if field == "height":
            options.append(size_option(for_new))
    return options


def option(field: str, info: FieldInfo, for_new: bool) -> click.Option:
    """The flag of one field."""
    from sdplay.requests.groups import group_of, is_basic

    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    name = str(extra.get("flag", field.replace("_", "-")))
    of_bool = plain_type(info.annotation) is bool
    spelled = [f"--{name}/--no-{name}" if of_bool else f"--{name}"]
    many = is_several_texts(info.annotation)
    if "short" in extra:
        spelled.insert(0, f"-{extra['short']}")
    required = for_new and info.is_required()
    default: dict[str, Any] = {}
    if not required:
        default["default"] = info.default if for_new else None  # said aloud: a switch would be False without it
    return Flag(
        [field, *spelled],
        group=group_of(extra),
        basic=is_basic(extra),
        type=click.BOOL if of_bool else click.STRING if many else param_type(info.annotation),
        multiple=many,
        required=required,
        show_default=bool(default.get("default")),
        help=as_flags(info.description or ""),
        envvar=envvar(name) if for_new and not many else None,  # a variable cannot say where one text ends
        **default,
    )


def size_option(for_new: bool) -> click.Option:
    return Flag(
        ["size", "--size"],
        group="basics",
        basic=True,
        type=Size(),
        metavar="SIDE|WIDTHxHEIGHT",
        help="Both sides at once; --width and --height win over it.",
        envvar=envvar("size") if for_new else None,
    )


def envvar(name: str) -> str:
    """The environment variable that stands for `--name`."""
    return "SDPLAY_" + name.upper().replace("-", "_")


def param_type(annotation: Any) -> click.ParamType:
    """The click type of a field; raises `TypeError` for one that no flag can hold."""
    plain = plain_type(annotation)
    if get_origin(plain) is tuple:
        return Numbers()
    if get_origin(plain) in (Union, UnionType):
        return NameOrNumbers()
    if get_origin(plain) is Literal:
        return Choice([str(choice) for choice in get_args(plain)], case_sensitive=False)
    if plain not in SIMPLE_TYPES:
        raise TypeError(f"no flag can hold a {plain}: give it a row in flags.SIMPLE_TYPES")
    return SIMPLE_TYPES[plain]


def is_several_texts(annotation: Any) -> bool:
    """Whether a field is a tuple of texts, each of which is given with a flag of its own."""
    plain = plain_type(annotation)
    return get_origin(plain) is tuple and plain_type(get_args(plain)[0]) is str


def is_constant(annotation: Any) -> bool:
    """Whether a field has one possible value only, as `mode` has, and so needs no flag."""
    plain = plain_type(annotation)
    return get_origin(plain) is Literal and len(get_args(plain)) == 1


def request_fields(kind: type[Request], params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `kind` that the command line set, by field name, ready for `requests_for`."""
    from sdplay.requests.base import known

    given = {name: value for name, value in params.items() if value is not None and value != ()}
    fields = {name: value for name, value in given.items() if known(kind, name)}
    if params.get("size") is not None:
        width, height = params["size"]
        fields = {"width": width, "height": height} | fields
    if fields.get("seed") == RANDOM_SEED:
        fields["seed"] = None
    return fields


def as_flags(text: str) -> str:
    """`text`, in which fields stand in back quotes, with a value or without, with flags in their place: `size=64`."""
    return FIELD.sub(lambda match: f"--{flag_name(match[1])}" + (f" {match[2]}" if match[2] else ""), text)


def flag_name(field: str) -> str:
    """The flag of a field that all modes share, or one that is named after its field or argument."""
    from sdplay.requests.base import Request, field_marks, known

    marks = field_marks(Request, field) if known(Request, field) else {}
    return str(marks.get("flag", field.replace("_", "-")))


def spellings(ctx: click.Context) -> dict[str, str]:
    """How each parameter of the running command was given: `--guidance`, or `SDPLAY_GUIDANCE` where that set it."""
    names: dict[str, str] = {}
    for param in ctx.command.get_params(ctx):
        if isinstance(param, click.Option) and param.name:
            from_environment = ctx.get_parameter_source(param.name) is ParameterSource.ENVIRONMENT
            names[param.name] = str(param.envvar) if from_environment else max(param.opts, key=len)
    if ctx.params.get("size") is not None:
        names |= {side: names["size"] for side in SIDES if ctx.params.get(side) is None}
    return names


@contextmanager
def in_the_words_of(ctx: click.Context) -> Iterator[None]:
    """Errors raised inside name the flag that was typed, not the field behind it, nor the request as a whole."""
    try:
        yield
    except BadRequests as error:
        for each in error.problems:
            respell(each, ctx)
        different = list({(each.field, each.reason): each for each in error.problems}.values())  # --size sets two
        raise together(different) from None
    except SdplayError as error:
        respell(error, ctx)
        raise


def respell(error: SdplayError, ctx: click.Context) -> None:
    """Let `error` name what was typed: the flag or variable, and `--size` where that set the side at fault."""
    spelled = spellings(ctx).get(error.field or "", error.field)
    if error.field in SIDES and spelled not in {f"--{error.field}", envvar(error.field)}:
        error.hint = SIZE_HINT  # that of the field speaks of one side alone
    error.field = None if error.field == "request" else spelled
