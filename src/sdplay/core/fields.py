"""Bounds and types of fields that several rooms name; what pydantic says of wrong ones is said in our words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.fields import FieldInfo

from sdplay.core.errors import BadRequest, UnknownName, together

MOST_FRAMES = 1_000_000
Fill = Literal["original", "surroundings", "noise", "nothing"]
Upscaling = Literal[
    "latent",
    "latent-antialiased",
    "latent-bicubic",
    "latent-bicubic-antialiased",
    "latent-nearest",
    "latent-nearest-exact",
    "lanczos",
]
LONGEST_PROMPT = 32_000
LARGEST_SEED = 2**63 - 1
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096
SMALLEST_TILE = 64
MOST_PICTURES = 100_000
MOST_CLIP_SKIP = 12
NoiseSource = Literal["philox", "torch"]
Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]
EngineChoice = Literal["auto", "torch", "openvino", "cuda"]
Quality = Literal["exact", "fast", "draft"]
Syntax = Literal["a1111", "plain"]


def without_nul(text: str) -> str:
    """Refuse a NUL, which no PNG text can hold (half a surrogate pair never gets here: pydantic refuses it)."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(without_nul)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError('is empty; say what to draw, for example "a red apple"')
    return text


def _multiple_of_8(side: int) -> int:
    if side % 8:
        raise ValueError(f"is not a multiple of 8; the nearest are {side // 8 * 8} and {side // 8 * 8 + 8}")
    return side


def as_tuple(given: object) -> object:
    """Lists as they come out of JSON are the tuples they were."""
    return tuple(cast(list[object], given)) if isinstance(given, list) else given


def as_texts(given: object) -> object:
    """One text where several may stand is one of them."""
    return (given,) if isinstance(given, str) else as_tuple(given)


# The schema of a request says what may be given: one text, or a list of them.
ONE_OR_MORE = BeforeValidator(as_texts, json_schema_input_type=str | list[str])
Text = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(without_nul)]
Prompt = Annotated[Text, AfterValidator(_not_blank)]
Side = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE), AfterValidator(_multiple_of_8)]
FreeSide = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]

PLAINER = {  # by pydantic's error type
    "string_unicode": "contains half a surrogate pair, which is not a character",
    "string_pattern_mismatch": "is not written as it must be",
}


class Validated(BaseModel):
    """Fields of a request that are a whole of their own, and can be made alone.

    Raises `BadRequest` for a wrong field, `BadRequests` for several, never pydantic's error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    if not TYPE_CHECKING:  # a type checker reads the arguments off the fields

        def __init__(self, /, **given: Any) -> None:
            try:
                super().__init__(**given)
            except ValidationError as error:
                raise together(problems(error, type(self).model_fields)) from error


def _with_the_rest(given: object, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(given)
    except BadRequest as error:
        raise error.__cause__ if isinstance(error.__cause__, ValidationError) else error from None


# For a field of a request that is `Validated` itself: what is wrong in it is reported with all else that is wrong.
PART = WrapValidator(_with_the_rest)


def problems(error: ValidationError, fields: Mapping[str, FieldInfo], *, complete: bool = True) -> list[BadRequest]:
    """All that pydantic says, in our words; unless `complete` without what is missing, most likely misspelled."""
    found: Iterable[Mapping[str, Any]] = error.errors(include_url=False)
    return [_problem(each, fields) for each in found if complete or each["type"] != "missing"]


def _problem(found: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> BadRequest:
    """One of pydantic's errors in our words; run options are said as fields of the request."""
    path = [part for part in found["loc"] if part != "run"]
    field = str((path or found["loc"] or ("request",))[0])
    if found["type"] == "extra_forbidden" and len(path) == 1:
        return UnknownName("option", field, fields)
    reason = PLAINER.get(found["type"], str(found["msg"]).removeprefix("Value error, "))
    hint = (fields[field].description or "") if field in fields else ""
    value = None if found["type"] == "missing" else found["input"]
    return BadRequest(reason[0].lower() + reason[1:], field=field, value=value, hint=hint)
