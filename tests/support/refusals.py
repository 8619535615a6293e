"""How a call is refused, and how much work that takes; that what should end does end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from sdplay.core.errors import BadRequest

MOST_LINES = 300_000  # of the program, run one after another: what takes a few milliseconds on a machine of today
TOO_LONG = 10.0  # seconds: what no slow or busy machine takes for milliseconds of work, and a runaway pattern soon does


def refused_at_once(call: Callable[[], object]) -> BadRequest:
    """The `BadRequest` that `call` raises after running few lines."""
    with few_lines(), pytest.raises(BadRequest) as refused:
        call()
    return refused.value


@contextmanager
def few_lines(most: int = MOST_LINES) -> Iterator[None]:
    """What happens inside runs fewer than `most` lines: a count is the same on every machine, busy or not.

    What happens inside one line (a regular expression, a power) is watched by the clock, far from its limit.
    """
    with line_counter() as lines, no_runaway():
        yield
    assert lines[0] < most, f"{lines[0]:,} lines"


def counted_lines(call: Callable[[], object]) -> int:
    """How many lines of Python `call` runs: the same on every machine."""
    with line_counter() as lines:
        call()
    return lines[0]


@contextmanager
def line_counter() -> Iterator[list[int]]:
    """A list of one number: the lines of Python that ran inside."""
    lines = [0]

    def count(frame: FrameType, event: str, arg: Any) -> Any:
        lines[0] += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield lines
    finally:
        sys.settrace(before)


@contextmanager
def no_runaway() -> Iterator[None]:
    """What happens inside ends long before a pattern that backtracks, or work that grows with the square, would."""
    started = time.process_time()
    yield
    assert time.process_time() - started < TOO_LONG
