"""What is to be said of a job before it is drawn, as it is kept and as clients read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from sdplay.core.warning import RequestWarning

OF_BEFORE = "note"  # the code of what was kept before there were codes


class Note(BaseModel):
    """Something that will come out otherwise than asked: `code` is its kind for programs, `message` what a person
    reads.
    """

    code: str
    field: str
    message: str
    values: dict[str, str | float | list[str]] = Field(description="What the message names, for other languages.")
    words: dict[str, list[str]] = Field(description="Unknown words with the names of the things nearest to each.")


def note_of(warning: RequestWarning) -> Note:
    return Note.model_validate(as_data(warning))


def as_data(warning: RequestWarning) -> dict[str, Any]:
    """A warning as JSON holds it."""
    return {
        "code": warning.code,
        "field": warning.field,
        "message": warning.message,
        "values": {name: list(one) if isinstance(one, tuple) else one for name, one in warning.values.items()},
        "words": {word: list(near) for word, near in warning.words.items()},
    }


def from_data(data: Any) -> RequestWarning:
    """The inverse of `as_data`; of a message alone too, which is what older versions kept."""
    if isinstance(data, str):
        return RequestWarning(code=OF_BEFORE, field="", message=data)
    note = Note.model_validate(data)
    values = {name: tuple(one) if isinstance(one, list) else one for name, one in note.values.items()}
    words = {word: tuple(near) for word, near in note.words.items()}
    return RequestWarning(code=note.code, field=note.field, message=note.message, values=values, words=words)


def messages(warnings: Iterable[RequestWarning]) -> list[str]:
    return [warning.message for warning in warnings]


def once(warnings: Iterable[RequestWarning]) -> Sequence[RequestWarning]:
    """Each message once, in the order of the first."""
    return list({warning.message: warning for warning in warnings}.values())
