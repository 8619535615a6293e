"""Draw in this process."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sdplay.core.machine import Machine, waiting
from sdplay.engines.device import detect_machine
from sdplay.engines.torch_settings import own_torch_settings
from sdplay.events import Event, FrameMoved, ImageDone, Started, Upscaled
from sdplay.pipeline.model_cache import LoadedModel, ModelCache
from sdplay.pipeline.retry import LoadPrecise, RenderInputs, render_with_retry
from sdplay.requests.base import Request
from sdplay.requests.memory import uses_sequential_offload
from sdplay.requests.modes import MODES, import_object
from sdplay.requests.recipe import Recipe, plan
from sdplay.tasks import DrawTask, MotionTask, Task, UpscaleTask

if TYPE_CHECKING:
    from sdplay.pipeline.preview import PreviewCache
    from sdplay.pipeline.render import Preview


class ModeRenderer(Protocol):
    """Draws the tasks of some modes with a loaded model. `close` frees what it keeps from task to task."""

    def render(
        self, task: DrawTask, loaded: LoadedModel, load_precise: LoadPrecise
    ) -> Generator[Event, None, None]: ...

    def close(self) -> None: ...


class PictureRenderer:
    """Draws single pictures; keeps what makes previews of the last model's latents."""

    def __init__(self) -> None:
        self._previews: PreviewCache | None = None

    def render(self, task: DrawTask, loaded: LoadedModel, load_precise: LoadPrecise) -> Generator[Event, None, None]:
        preview = self._preview(task, loaded) if task.preview else None
        inputs = RenderInputs(
            recipe=task.recipe, model=loaded, load_precise=load_precise, preview=preview, keep_latents=task.keep_latents
        )
        with closing(render_with_retry(inputs, plan(task.recipe, task.indices))) as events:
            yield from map(finished, events)

    def _preview(self, task: DrawTask, loaded: LoadedModel) -> Preview:
        from sdplay.pipeline.preview import PreviewCache

        self._previews = self._previews or PreviewCache()
        return self._previews.of(loaded.family, task.recipe, task.preview_decoder)

    def close(self) -> None:
        self._previews = None


def finished(event: Event) -> Event:
    """`event`; a finished picture is enlarged, where its recipe says so."""
    larger = event.picture.recipe.enlargement if isinstance(event, ImageDone) else None
    if larger is None or not isinstance(event, ImageDone):
        return event
    from sdplay.pipeline.upscale import enlarged

    started, picture = time.perf_counter(), event.picture
    pixels = enlarged(picture.pixels, larger)
    seconds = picture.seconds + time.perf_counter() - started
    return replace(event, picture=replace(picture, pixels=pixels, seconds=seconds))


class InlineExecutor:
    """Keeps one model in memory between runs, and what its renderers hold (an open video file, a depth model)."""

    workers = 1

    def __init__(self) -> None:
        self._models = ModelCache()
        self._renderers: dict[str, ModeRenderer] = {}

    def detect_machine(self, request: Request) -> Machine:
        return detect_machine(request.run.device, request.run.precision)

    def run(self, task: Task) -> Generator[Event, None, None]:
        """See `Executor.run`. Every step is calculated with torch as it is when nobody has changed anything."""
        if isinstance(task, UpscaleTask):
            from sdplay.pipeline.upscale import upscale_picture

            with own_torch_settings():
                pixels, weights = upscale_picture(task.pixels, task.size, task.upscaler)
            yield Upscaled(pixels=pixels, weights=weights)
            return
        if isinstance(task, MotionTask):
            from sdplay.film.render.preview_motion import small_moves

            for index, jpeg in small_moves(task.recipe, task.picture, task.frames, task.side):
                yield FrameMoved(index=index, jpeg=jpeg)
            return
        with own_torch_settings():
            steps = self._steps(task)
        yield Started(recipe=task.recipe, total=len(task.indices))
        if not task.indices:
            return
        try:
            while True:
                with own_torch_settings():
                    event = next(steps, None)
                if event is None:
                    return
                yield event
        finally:
            steps.close()

    def _steps(self, task: DrawTask) -> Generator[Event, None, None]:
        """Load the model, and return the generator that draws the pictures, an event at a time."""
        waiting.tell(task.recipe.numerics.threads)
        sequential_offload = uses_sequential_offload(task.recipe, task.model)
        loaded = self._models.get(task.model, task.recipe.numerics, task.device, sequential_offload=sequential_offload)
        precise_models = ModelCache()  # for what is drawn again in more precision: the model itself stays

        def load_precise(recipe: Recipe) -> LoadedModel:
            return precise_models.get(task.model, recipe.numerics, task.device, sequential_offload=sequential_offload)

        return self._renderer(task.recipe).render(task, loaded, load_precise)

    def _renderer(self, recipe: Recipe) -> ModeRenderer:
        """What draws this mode: `PictureRenderer`, or for films the class that `MODES` names, imported when needed."""
        place = MODES[recipe.request.mode].renderer
        if place not in self._renderers:
            self._renderers[place] = import_object(place)() if place else PictureRenderer()
        return self._renderers[place]

    def close(self) -> None:
        for renderer in self._renderers.values():
            renderer.close()
        self._models, self._renderers = ModelCache(), {}
