"""What is to be computed, as data, and who computes it: the one seam between asking and drawing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from sdplay.core.machine import Machine
from sdplay.events import Event
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe

if TYPE_CHECKING:
    from sdplay.images.read import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawTask:
    """Draw pictures `indices` of `recipe` with `model` on `device`; of an animation they are one whole segment.

    `given` holds the finished key pictures, by frame, that the segment starts from; a single picture has none. With
    `preview` every step of a single picture shows what is emerging, by the small decoder in the file `preview_decoder`
    where there is one, and with `keep_latents` it keeps its latents; no bit of the picture depends on either.
    """

    recipe: Recipe
    indices: Sequence[int]
    model: ResolvedModel
    device: str
    given: Mapping[int, Pixels] = field(default_factory=dict["int", "Pixels"])
    preview: bool = False
    preview_decoder: Path | None = None
    keep_latents: bool = False

    def __str__(self) -> str:
        return f"frames {self.indices[0]} to {self.indices[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UpscaleTask:
    """Enlarge `pixels`, uint8 [height, width, 3], to `size` (width, height) by the network `upscaler`."""

    pixels: Pixels
    size: tuple[int, int]
    upscaler: str

    def __str__(self) -> str:
        return f"a picture of {self.size[0]}x{self.size[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionTask:
    """Show how the camera of the animation `recipe` moves the file `picture` (None: a test card) in its `frames`, up to
    `side` pixels a side; no model is needed.
    """

    recipe: Recipe
    frames: range
    side: int
    picture: Path | None = None

    def __str__(self) -> str:
        return f"the moves of frames {self.frames.start} to {self.frames.stop - 1}"


Task = DrawTask | UpscaleTask | MotionTask


class Executor(Protocol):
    """`run` does a task, yielding events; `detect_machine` says what a request would run on; `close` frees all memory.

    As many tasks as there are `workers` may be run at a time, each from a thread of its own. A task can be sent to
    another process.
    """

    @property
    def workers(self) -> int: ...

    def detect_machine(self, request: Request) -> Machine: ...

    def run(self, task: Task) -> Generator[Event, None, None]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TaskDone:
    """All of a task is drawn, in that many seconds."""

    seconds: float


Key = TypeVar("Key")


@runtime_checkable
class ManyTasks(Protocol):
    """An `Executor` that runs more tasks at a time than there should be threads."""

    def run_each(
        self, take: Callable[[], tuple[Key, Task] | None]
    ) -> Generator[Sequence[tuple[Key | None, Event | TaskDone]], None, None]:
        """Run tasks that `take` gives, each under a key, as many as keep all workers busy: what happened meanwhile,
        with the key of the task that it happened to, if it did to one. The events of a task come together, and
        `TaskDone` last.

        `take` gives None where there is nothing to be done before something else is. It ends when that is so and
        nothing is being done. Closing it stops all tasks; raises what one of them raised.
        """
        ...
