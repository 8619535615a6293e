"""What the work will run on, as data: the answer of a look at the machine, or what a recipe says it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`device` as torch names it; `dtype` the format its networks should run in; `threads` 0 on a GPU."""

    device: str
    dtype: str
    threads: int
