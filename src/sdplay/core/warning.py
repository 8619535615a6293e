"""What a request says that will come out otherwise than asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Value = str | float | tuple[str, ...]  # a name, a number, words

NO_VALUES: Mapping[str, Value] = MappingProxyType({})
NO_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWarning:
    """Something that will come out otherwise than asked.

    `code` names its kind for programs: unknown-words, enlarged, memory … `field` is the field of the request that it
    is about, `message` what a person reads (it names fields in back quotes, as errors do). `values` is what the message
    names, for who says it in another language, and `words` holds unknown words with the names of the things nearest to
    each.
    """

    code: str
    field: str
    message: str
    values: Mapping[str, Value] = dataclasses.field(default_factory=lambda: NO_VALUES)
    words: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=lambda: NO_WORDS)
