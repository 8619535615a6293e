"""The one seam between asking and drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdplay.core.event import Event
from sdplay.core.machine import Machine
from sdplay.core.recipe import Recipe
from sdplay.core.request import AnyRequest
from sdplay.models.resolve import ResolvedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Draw pictures `indices` of `recipe` with `model` on `device`."""

    recipe: Recipe
    indices: Sequence[int]
    model: ResolvedModel
    device: str


class Executor(Protocol):
    """`survey` says what a request would run on; `run` draws, yielding events; `close` gives everything back."""

    def survey(self, request: AnyRequest) -> Machine: ...

    def run(self, task: Task) -> Iterator[Event]: ...

    def close(self) -> None: ...
