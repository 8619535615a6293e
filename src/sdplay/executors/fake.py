"""Pretend to draw: flat pictures whose colour comes from recipe and index, at once and without torch.

It ships so that command line, pages and other people's tests can run without a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator

import numpy as np

from sdplay.core.machine import Machine
from sdplay.events import Event, FrameMoved, ImageDone, KeyframeDone, Started, Stepped, Upscaled
from sdplay.images.filters import resize_lanczos
from sdplay.images.picture import Picture
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe, picture_key
from sdplay.requests.txt2img import picture_size, second_pass
from sdplay.tasks import MotionTask, Task, UpscaleTask


class FakeExecutor:
    """Follows the same events as a real one, and the same promise: a picture depends on recipe and index alone."""

    workers = 1

    def detect_machine(self, request: Request) -> Machine:
        return Machine(device="cpu", dtype="float32", threads=1, engines=("torch", "openvino"))

    def run(self, task: Task) -> Generator[Event, None, None]:
        if isinstance(task, UpscaleTask):
            yield Upscaled(pixels=resize_lanczos(task.pixels, *task.size), weights="")
            return
        if isinstance(task, MotionTask):
            for index in task.frames:
                yield FrameMoved(index=index, jpeg=b"")
            return
        yield Started(recipe=task.recipe, total=len(task.indices))
        if task.indices and task.recipe.request.mode == "animate":
            yield KeyframeDone(index=task.indices[0], pixels=fake_picture(task.recipe, task.indices[0]).pixels)
        second = second_pass(task.recipe)
        steps = task.recipe.steps + (second.steps if second is not None else 0)
        for index in task.indices:
            picture = fake_picture(task.recipe, index)
            previews = (picture.pixels[::4, ::4],) if task.preview else ()
            for step in range(1, steps + 1):
                yield Stepped(indices=(index,), step=step, steps=steps, previews=previews)
            yield ImageDone(picture=picture)

    def close(self) -> None:
        """Nothing is held."""


def fake_picture(recipe: Recipe, index: int) -> Picture:
    """Flat, in the colour of what the picture is: as in a real one, picture i of seed s is picture 0 of seed s + i."""
    colour = hashlib.sha256(picture_key(recipe, index).encode()).digest()[:3]
    width, height = picture_size(recipe)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = np.frombuffer(colour, np.uint8)
    return Picture(pixels=pixels, recipe=recipe, index=index, seconds=0.0)
