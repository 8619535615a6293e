"""What is wrong, as clients read it: data, without a folder of this computer in it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from sdplay.core.errors import BadRequest, SdplayError, problems_of, shorten
from sdplay.server.discreet import without_folders

LONGEST_MESSAGE = 300


class Problem(BaseModel):
    """What is wrong: `code` is its kind for programs, `field` the field at fault, `hint` what to do instead."""

    code: str
    field: str | None = None
    value: str | None = None
    message: str
    hint: str = ""


def problem_of(error: SdplayError) -> Problem:
    """The first problem that `error` tells of."""
    return Problem(**described(error)[0])


def described(error: SdplayError) -> list[dict[str, Any]]:
    """What an error says, problem by problem, as JSON values that can be written in UTF-8."""
    problems = problems_of(error) if isinstance(error, BadRequest) else [error]
    return [
        {
            "code": each.code,
            "field": clean(each.field),
            "value": clean(shorten(each.value)) if each.value is not None else None,
            "message": clean(each.reason),
            "hint": clean(each.hint),
        }
        for each in problems
    ]


def clean(text: str | None) -> str | None:
    """`text` without what is not a character, half a surrogate pair, and without folders of this computer."""
    return without_folders(text.encode(errors="replace").decode()) if text is not None else None


def error_data(error: SdplayError) -> dict[str, Any]:
    """An error as clients read it, without a folder of this computer in it."""
    return {
        "code": error.code,
        "field": error.field,
        "message": without_folders(error.reason).strip()[:LONGEST_MESSAGE],
        "hint": without_folders(error.hint)[:LONGEST_MESSAGE],
    }
