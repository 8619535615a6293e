"""A segment of a film, whatever kind of film it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.events import Event
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.render.animate import RenderContext, render_segment
from sdplay.film.render.clip import render_clip
from sdplay.film.render.depth import KeyDisparity
from sdplay.film.request_dream import Dream
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.inputs import clip_reader
from sdplay.images.read import Pixels
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.retry import LoadExact, Renderer, RetryPolicy, render_with_retry
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask


class FilmRenderer:
    """Draws segments of films: any frames of a dream, one whole segment of an animation.

    It keeps the last film's plan, its open clip and its depth model, since segments of a film follow each other.
    """

    def __init__(self) -> None:
        self._plan: DreamPlan | AnimationPlan | None = None
        self._reader: ClipReader | None = None
        self._depth: KeyDisparity | None = None

    def render(self, task: DrawTask, loaded: LoadedModel, exact: LoadExact | None = None) -> Iterator[Event]:
        """Draw the frames of `task`; `exact` loads the same model in more precision, for frames that overflow in half.

        Raises `BadRequest` for a dream whose pace is not measured yet.
        """
        recipe, plan = task.recipe, self._plan_of(task.recipe)
        policy = RetryPolicy(on_failure=plan.request.on_bad_frame, black_is_bad=True, smaller_batches=True)
        renderer = Renderer(recipe=recipe, model=loaded, load_exact=exact, policy=policy)
        if isinstance(plan, DreamPlan):
            yield from render_dream(renderer, plan, task.indices)
            return
        self._depth = self._depth or KeyDisparity(plan.request, recipe.numerics.device)
        context = RenderContext(plan=plan, renderer=renderer, depth=self._depth)
        segment = plan.segment(task.indices[0] // plan.segment_length)
        if plan.request.of_clip:
            path = Path(recipe.assets["video_init_path"].path)
            self._reader = self._reader or clip_reader(plan.request, path)
            yield from render_clip(context, segment, task.given, self._reader)
        else:
            yield from render_segment(context, segment, task.given)

    def _plan_of(self, recipe: Recipe) -> DreamPlan | AnimationPlan:
        """The plan of the film, made anew for another one than the last."""
        if self._plan is None or self._plan.recipe != recipe:
            self.close()
            self._plan = DreamPlan(recipe) if isinstance(recipe.request, Dream) else AnimationPlan(recipe)
        return self._plan

    def close(self) -> None:
        """Close the clip and let go of the depth model."""
        if self._reader is not None:
            self._reader.close()
        self._plan, self._reader, self._depth = None, None, None


def render_dream(renderer: Renderer, plan: DreamPlan, indices: Sequence[int]) -> Iterator[Event]:
    """Draw frames `indices` of a dream; what stands in for a bad one is drawn here: no segment waits for another."""
    if not plan.is_measured:
        reason = "the pace of a film is measured in its job folder, and this is drawn without one"
        raise BadRequest(reason, field="pace", value="perceptual", hint="make it with Studio.film")

    def before(index: int) -> Pixels | None:
        earlier = (renderer.good_pixels(plan.frame(each)) for each in range(index - 1, -1, -1))
        return next((pixels for pixels in earlier if pixels is not None), None)

    renderer = renderer.starting_from(renderer.init_pixels, before)
    yield from render_with_retry(renderer, [plan.frame(index) for index in indices])
