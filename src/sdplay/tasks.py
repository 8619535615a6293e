"""The one seam between asking and drawing."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sdplay.core.machine import Machine
from sdplay.events import Event
from sdplay.images.read import Pixels
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Draw pictures `indices` of `recipe` with `model` on `device`; of an animation they are one whole unit of it.

    `given` holds the key pictures, by frame, that the unit starts from. With `preview` every step of a single picture
    shows what is emerging; no bit of the picture depends on it. A task can be sent to another process.
    """

    recipe: Recipe
    indices: Sequence[int]
    model: ResolvedModel
    device: str
    given: Mapping[int, Pixels] = field(default_factory=dict[int, Pixels])
    preview: bool = False


class Executor(Protocol):
    """`survey` says what a request would run on; `run` draws, yielding events; `enlarge` makes a picture
    larger, and says by which network (its sha256, "" for none); `close` gives everything back.

    As many tasks as there are `workers` may be run at a time, each from a thread of its own.
    """

    @property
    def workers(self) -> int: ...

    def survey(self, request: Request) -> Machine: ...

    def run(self, task: Task) -> Generator[Event, None, None]: ...

    def enlarge(self, pixels: Pixels, size: tuple[int, int], upscaler: str) -> tuple[Pixels, str]: ...

    def close(self) -> None: ...
