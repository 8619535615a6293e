"""How a call is refused, and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from sdplay.core.errors import BadRequest

AT_ONCE = 0.01
TRIES = 5


def refused_at_once(call: Callable[[], object]) -> BadRequest:
    """The `BadRequest` that `call` raises within 10 ms of processor time, at best of five tries on a busy machine."""
    seconds: list[float] = []
    for _ in range(TRIES):
        started = time.process_time()
        with pytest.raises(BadRequest) as refused:
            call()
        seconds.append(time.process_time() - started)
        if seconds[-1] < AT_ONCE:
            return refused.value
    raise AssertionError(f"the refusal took {min(seconds):.3f} s")
