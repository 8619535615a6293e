"""The camera's moves alone, while a film is being thought up: small pictures from a process that draws nothing else.

What is drawn at the time does not hold them up, nor they it; a newer preview of the same viewer ends the older one.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from sdplay.core.errors import BadRequest
from sdplay.core.fields import Validated
from sdplay.events import FrameMoved
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.processes import ProcessExecutor, inline
from sdplay.library.library import Library
from sdplay.requests.recipe import Recipe
from sdplay.studio import Studio
from sdplay.tasks import Executor, MotionTask

IDLE = 600.0  # seconds after which the process is let go of: it takes long to begin
LEAST_SIDE, MOST_SIDE = 32, 512
MOST_AT_ONCE = 1200  # frames
HEAD = struct.Struct("<II")  # number of the frame, bytes of its JPEG
# What a move needs of a request; what is drawn there does not matter.
OF_MOVES = {"max_frames", "fps", "seed", "width", "height", "model", "diffusion_cadence", "loop_mode", "audio"} | {
    "audio_start",
    "animation_mode",
    "warp",
    "warp_geometry",
    "border",
    "padding_mode",
    "sampling_mode",
    "near_plane",
    "far_plane",
    "fov",
    "use_depth_warping",
    "keyframe_interpolation",
    "strength_schedule",
    "init_image",
}


class Motion(Validated):
    """Which frames of an animation are to be seen as the camera moves them."""

    request: dict[str, Any] = Field(description="The fields of the job.")
    first: int = Field(default=0, ge=0, description="The first frame to be seen.")
    last: int | None = Field(default=None, ge=0, description="The last one; the end of the film when left out.")
    side: int = Field(default=256, ge=LEAST_SIDE, le=MOST_SIDE, description="Pixels of the longer side.")
    picture: int | str | None = Field(
        default=None, description="A picture that was drawn here, or an upload, in place of the test card."
    )
    viewer: str = Field(default="", max_length=64, description="Who looks: one preview at a time for each.")


def on_one_thread() -> Executor:
    """What the process shows moves with: small pictures gain nothing by threads that wait for each other."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read by torch, which is loaded with the first task
    return inline()


@dataclass(slots=True)
class Turn:
    """One preview that is being sent."""

    ended: threading.Event = field(default_factory=threading.Event)


class MotionPreviews:
    """Shows moves, one preview at a time; `close` ends the process."""

    def __init__(self, library: Library, executor: ProcessExecutor | None = None) -> None:
        self._executor = executor if executor is not None else ProcessExecutor(1, on_one_thread, attempts=1)
        self._studio = Studio(FakeExecutor(), library=library)  # a plan is the same on every machine
        self._turns: dict[str, Turn] = {}
        self._lock, self._at_work = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None

    def task(self, recipe: Recipe, asked: Motion, total: int, picture: Path | None) -> MotionTask:
        """What is to be shown; raises `BadRequest` for frames that the film has not."""
        last = min(asked.last if asked.last is not None else total - 1, asked.first + MOST_AT_ONCE - 1)
        if asked.first >= total or last >= total:
            reason = f"the film has the frames 0 to {total - 1}"
            raise BadRequest(reason, field="last" if asked.first < total else "first", value=asked.last)
        return MotionTask(recipe=recipe, frames=range(asked.first, last + 1), side=asked.side, picture=picture)

    def recipe(
        self, fields: Mapping[str, Any], as_request: Callable[[str, Mapping[str, Any]], Any]
    ) -> tuple[Recipe, int]:
        """The recipe of the moves in `fields`, and how many frames it has; raises `BadRequest` and its kinds."""
        from sdplay.film.schedules import ALL_MOVES

        kept = {name: value for name, value in fields.items() if name in OF_MOVES or name in ALL_MOVES}
        kept |= {"animation_prompts": "-", "fov_schedule": fields.get("fov_schedule")}
        request = as_request("animate", kept)
        if request.of_clip:
            reason, hint = "no camera moves in this film", "2D and 3D have moves"
            raise BadRequest(reason, field="animation_mode", value=request.animation_mode, hint=hint)
        resolved, plan = self._studio.films.plan(request)
        return resolved.recipe, plan.total

    def show(self, task: MotionTask, viewer: str) -> Generator[bytes]:
        """The frames of `task`, each as `HEAD` and a JPEG; ends early where the same `viewer` asks for another."""
        mine = Turn()
        with self._lock:
            if (before := self._turns.get(viewer)) is not None:
                before.ended.set()
            self._turns[viewer] = mine
        try:
            with self._at_work:
                if mine.ended.is_set():
                    return
                with closing(self._executor.run(task)) as events:
                    for event in events:
                        if mine.ended.is_set():
                            return
                        if isinstance(event, FrameMoved):
                            yield HEAD.pack(event.index, len(event.jpeg)) + event.jpeg
        finally:
            with self._lock:
                if self._turns.get(viewer) is mine:
                    del self._turns[viewer]
            self._let_go_later()

    def _let_go_later(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(IDLE, self._executor.let_go, (IDLE / 2,))
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            for turn in self._turns.values():
                turn.ended.set()
        self._executor.close()
