"""Draw in this process."""

from __future__ import annotations

from collections.abc import Generator

from sdplay.core.machine import Machine
from sdplay.engines.device import detect_machine
from sdplay.events import Event, Started
from sdplay.film.render.film import FilmRenderer
from sdplay.film.request import Film
from sdplay.images.read import Pixels
from sdplay.pipeline.model_cache import LoadedModel, ModelCache
from sdplay.pipeline.preview import PreviewCache
from sdplay.pipeline.retry import Renderer, render_with_retry
from sdplay.pipeline.upscale import upscale_picture
from sdplay.requests.base import Request
from sdplay.requests.memory import takes_turns
from sdplay.requests.plan import plan
from sdplay.requests.recipe import Recipe
from sdplay.tasks import Task


class InlineExecutor:
    """Keeps one model in memory between runs."""

    workers = 1

    def __init__(self) -> None:
        self._models = ModelCache()
        self._stages = FilmRenderer()
        self._previews = PreviewCache()

    def survey(self, request: Request) -> Machine:
        return detect_machine(request.run.device, request.run.precision)

    def run(self, task: Task) -> Generator[Event, None, None]:
        in_turn = takes_turns(task.recipe, task.model)
        loaded = self._models.get(task.model, task.recipe.numerics, task.device, in_turn=in_turn)
        beside = ModelCache()  # what is drawn again in more precision, which is rare, is drawn beside the model itself

        def exact(recipe: Recipe) -> LoadedModel:
            return beside.get(task.model, recipe.numerics, task.device, in_turn=in_turn)

        yield Started(recipe=task.recipe, total=len(task.indices))
        if not isinstance(task.recipe.request, Film):
            preview = self._previews.of(loaded.family, task.recipe) if task.preview else None
            renderer = Renderer(recipe=task.recipe, model=loaded, load_exact=exact, preview=preview)
            yield from render_with_retry(renderer, plan(task.recipe, task.indices))
        elif task.indices:
            yield from self._stages.render_segment(task.recipe, loaded, task.indices, task.given, exact)

    def enlarge(self, pixels: Pixels, size: tuple[int, int], upscaler: str) -> tuple[Pixels, str]:
        return upscale_picture(pixels, size, upscaler)

    def close(self) -> None:
        self._models, self._previews = ModelCache(), PreviewCache()
