"""Draw in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol

from sdplay.core.machine import Machine
from sdplay.engines.device import detect_machine
from sdplay.engines.torch_settings import calculated_apart
from sdplay.events import Event, Started, Upscaled
from sdplay.pipeline.model_cache import LoadedModel, ModelCache
from sdplay.pipeline.preview import PreviewCache
from sdplay.pipeline.retry import LoadExact, Renderer, render_with_retry
from sdplay.requests.base import Request
from sdplay.requests.memory import takes_turns
from sdplay.requests.modes import MODES, load
from sdplay.requests.recipe import Recipe, plan
from sdplay.tasks import DrawTask, Task, UpscaleTask


class ModeRenderer(Protocol):
    """Draws tasks of some modes with a loaded model; what it holds from task to task, `close` lets go of."""

    def render(self, task: DrawTask, loaded: LoadedModel, exact: LoadExact) -> Iterator[Event]: ...

    def close(self) -> None: ...


class PictureRenderer:
    """Draws single pictures; holds the last model's preview."""

    def __init__(self) -> None:
        self._previews = PreviewCache()

    def render(self, task: DrawTask, loaded: LoadedModel, exact: LoadExact) -> Iterator[Event]:
        preview = self._previews.of(loaded.family, task.recipe) if task.preview else None
        renderer = Renderer(recipe=task.recipe, model=loaded, load_exact=exact, preview=preview)
        return render_with_retry(renderer, plan(task.recipe, task.indices))

    def close(self) -> None:
        self._previews = PreviewCache()


class InlineExecutor:
    """Keeps one model in memory between runs, and what its modes hold (an open clip, a depth model)."""

    workers = 1

    def __init__(self) -> None:
        self._models = ModelCache()
        self._renderers: dict[str, ModeRenderer] = {}

    def survey(self, request: Request) -> Machine:
        return detect_machine(request.run.device, request.run.precision)

    def run(self, task: Task) -> Generator[Event, None, None]:
        return calculated_apart(self._run(task))

    def _run(self, task: Task) -> Generator[Event, None, None]:
        if isinstance(task, UpscaleTask):
            from sdplay.pipeline.upscale import upscale_picture

            pixels, weights = upscale_picture(task.pixels, task.size, task.upscaler)
            yield Upscaled(pixels=pixels, weights=weights)
            return
        in_turn = takes_turns(task.recipe, task.model)
        loaded = self._models.get(task.model, task.recipe.numerics, task.device, in_turn=in_turn)
        beside = ModelCache()  # what is drawn again in more precision, which is rare, is drawn beside the model itself

        def exact(recipe: Recipe) -> LoadedModel:
            return beside.get(task.model, recipe.numerics, task.device, in_turn=in_turn)

        yield Started(recipe=task.recipe, total=len(task.indices))
        if task.indices:
            yield from self._renderer(task.recipe).render(task, loaded, exact)

    def _renderer(self, recipe: Recipe) -> ModeRenderer:
        """Who draws pictures of this mode; a mode other than of single pictures names its own, loaded when needed."""
        place = MODES[recipe.request.mode].renderer
        if place not in self._renderers:
            self._renderers[place] = load(place)() if place else PictureRenderer()
        return self._renderers[place]

    def close(self) -> None:
        for renderer in self._renderers.values():
            renderer.close()
        self._models, self._renderers = ModelCache(), {}
