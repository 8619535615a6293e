"""Fields that pydantic checks; what it says of wrong ones is said in our words, as one kind of error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.fields import FieldInfo

from sdplay.core.errors import BadRequest, UnknownName, together

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
