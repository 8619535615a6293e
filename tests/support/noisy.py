"""An executor that draws random pixels in no time: files as large and as incompressible as they get."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from sdplay.events import Event, ImageDone, Started
from sdplay.executors.fake import FakeExecutor
from sdplay.images.picture import Picture
from sdplay.tasks import Task


class NoisyExecutor(FakeExecutor):
    """Keeps the promise of the real one: pixels depend on recipe and index alone."""

    def run(self, task: Task) -> Iterator[Event]:
        yield Started(recipe=task.recipe, total=len(task.indices))
        for index in task.indices:
            seed = hashlib.sha256(f"{task.recipe.digest}:{index}".encode()).digest()
            shape = (task.recipe.height, task.recipe.width, 3)
            pixels = np.random.default_rng(list(seed)).integers(0, 256, shape, dtype=np.uint8)
            yield ImageDone(picture=Picture(pixels=pixels, recipe=task.recipe, index=index, seconds=0.0))
