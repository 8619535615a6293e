"""One tree of errors; each names the field, the value, why that is invalid, and what to do.

Reasons and hints name fields in back quotes, with a value or without: `size=512x512`; the command line spells them as
flags. `code` names the kind of an error for programs.

SdplayError                exit 1
├── BadRequest             exit 2   something that was asked for is invalid; nothing was started
│   ├── BadRequests                 several things at once, each in `problems`
│   ├── UnknownName                 a sampler, model, mode or flag that does not exist (with a guess)
│   ├── ModelNotFound               no model under that name, folder or file
│   └── DeviceUnavailable           this machine does not have the device that was asked for
├── ModelBroken            exit 1   the files are there and are no usable model
├── RenderFailed           exit 1   the numbers went wrong while drawing (NaN, black picture, out of memory)
│   ├── MemoryFailed                it does not fit into memory
│   └── NumbersFailed               NaN or infinity, or a picture that is all black
├── NotReproduced          exit 1   `verify` drew the picture again and it differs
├── StoreError             exit 1   a result cannot be read or written
│   └── DiskFull           exit 4   no space left; finished pictures are kept
└── Stopped                exit 3   the user stopped the work; finished pictures are kept
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST_VALUE_SHOWN = 80
MOST_LISTED, NEAREST = 10, 5  # names that a hint lists: all of a few, else the nearest


def shorten(value: object) -> str:
    """`value` as it is shown in a message: at most 80 characters, the middle left out."""
    text = repr(value) if isinstance(value, str) else " ".join(repr(value).split())  # arrays come in several lines
    if len(text) <= LONGEST_VALUE_SHOWN:
        return text
    length = len(value) if isinstance(value, str) else len(text)
    return f"{text[:40]} … {text[-12:]} ({length:,} characters)"


class SdplayError(Exception):
    """The root; `str(error)` is what a person reads.

    `field` is the request field or flag at fault (None if there is none), `value` what it held,
    `reason` why that is invalid, `hint` what to do instead.
    """

    exit_code = 1

    @property
    def code(self) -> str:
        """The kind of the error: "bad-request", "unknown-name", "disk-full"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    def __init__(self, reason: str, *, field: str | None = None, value: object = None, hint: str = "") -> None:
        self.reason, self.field, self.value, self.hint = reason, field, value, hint
        where = f"{field} = {shorten(value)}: " if field is not None else ""
        super().__init__(f"{where}{reason}" + (f"\n  → {hint}" if hint else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Kinds differ in what they are made from: one from another process is put together from its parts."""
        return _put_together, (type(self), self.args, self.__dict__)


def _put_together(kind: type[SdplayError], args: tuple[Any, ...], fields: dict[str, Any]) -> SdplayError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class BadRequest(SdplayError):
    exit_code = 2

    @property
    def problems(self) -> tuple[BadRequest, ...]:
        """Everything that is wrong, each for itself: this alone, unless it is a `BadRequests`."""
        return (self,)


class BadRequests(BadRequest):
    """Everything that is wrong with a request, so that it can be corrected in one go; `problems` has two or more."""

    @property
    def problems(self) -> tuple[BadRequest, ...]:
        return self._problems

    def __init__(self, problems: Sequence[BadRequest]) -> None:
        self._problems = tuple(problems)
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{len(problems)} invalid settings:{listed}")


def together(problems: Sequence[BadRequest]) -> BadRequest:
    """One error for all `problems`: itself if there is one."""
    return problems[0] if len(problems) == 1 else BadRequests(problems)


def problems_of(error: BadRequest) -> list[BadRequest]:
    """The inverse of `together`."""
    return list(error.problems)


class UnknownName(BadRequest):
    """A name out of a closed list; the hint guesses the one that was meant and lists the others, or the nearest ones
    where there are many.
    """

    def __init__(self, field: str, value: str, known: Iterable[str]) -> None:
        names = list(known)
        folded = {name.casefold(): name for name in names}
        close = difflib.get_close_matches(value.casefold(), folded, n=1, cutoff=0.5)
        guess = f"did you mean {folded[close[0]]!r}? " if close else ""
        listed = f"known: {', '.join(names)}" if names else "none is here"
        if len(names) > MOST_LISTED:
            near = difflib.get_close_matches(value.casefold(), folded, n=NEAREST, cutoff=0)
            listed = f"nearest of {len(names)}: {', '.join(folded[name] for name in near)}"
        super().__init__(f"there is no such {field}", field=field, value=value, hint=guess + listed)


class ModelNotFound(BadRequest):
    pass


class DeviceUnavailable(BadRequest):
    pass


class ModelBroken(SdplayError):
    pass


class RenderFailed(SdplayError):
    pass


class MemoryFailed(RenderFailed):
    pass


class NumbersFailed(RenderFailed):
    pass


class NotReproduced(SdplayError):
    pass


class StoreError(SdplayError):
    pass


class DiskFull(StoreError):
    exit_code = 4


class Stopped(SdplayError):
    exit_code = 3
