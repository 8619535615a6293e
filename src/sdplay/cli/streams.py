"""stdin, stdout and stderr that may be missing, closed, full, or not UTF-8: no picture is lost over a line of text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class SteadyStream:
    """A text stream that goes on when its reader went away or its disk is full; `error` is why it lost text.

    All else is that of the stream inside.
    """

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                return self._inner.write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.error is None:
            try:
                self._inner.flush()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Remember why, and let what is in the buffers go nowhere: Python writes it when it ends."""
        self.error = error
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._inner.fileno())
            os.close(null)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextmanager
def steady_streams() -> Iterator[SteadyStream]:
    """Make stdout and stderr steady inside, and put a stream that leads nowhere in the place of one that is closed.

    Gives stdout, whose `error` says afterwards whether a result that was printed was lost.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] # None where the process was started without
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 # as long as the process lives
    out = SteadyStream(_or_nowhere(sys.stdout))
    sys.stdout, sys.stderr = out, SteadyStream(_or_nowhere(sys.stderr))  # pyright: ignore[reportAttributeAccessIssue]
    accept_any_text()
    try:
        yield out
    finally:
        out.flush()
        sys.stderr.flush()
        if out.error is None:
            sys.stdin, sys.stdout, sys.stderr = before


def _or_nowhere(stream: TextIO | None) -> TextIO:
    return stream if stream is not None else open(os.devnull, "w", encoding="utf-8")


def accept_any_text() -> None:
    """Let stdout and stderr take what they cannot spell: a path that is not UTF-8, an emoji in an old code page.

    stdout gives the bytes of such a path back, so that it can be used; messages show it spelled out.
    """
    is_utf8 = (sys.stdout.encoding or "").casefold().replace("-", "") == "utf8"
    for stream, errors in (
        (sys.stdout, "surrogateescape" if is_utf8 else "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=errors)


def as_utf8(arguments: Sequence[str]) -> list[str]:
    """Arguments that Python decoded as ASCII (LC_ALL=C), read as the UTF-8 that they are; others as they are."""
    return [_as_utf8(argument) for argument in arguments]


def _as_utf8(argument: str) -> str:
    try:
        return argument.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return argument
