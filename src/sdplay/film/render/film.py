"""A unit of a film, whatever kind of film it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.events import Event
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.render.animate import RenderContext, render_segment
from sdplay.film.render.clip import render_clip
from sdplay.film.render.depth import KeyDisparity
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.inputs import clip_reader
from sdplay.images.read import Pixels
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.retry import LoadExact, Renderer, RetryPolicy, render_with_retry
from sdplay.requests.recipe import Recipe


class FilmRenderer:
    """Draws units; keeps the last film's schedules read and its clip open, since units of a film follow each other."""

    def __init__(self) -> None:
        self._dream: DreamPlan | None = None
        self._animation: AnimationPlan | None = None
        self._reader: ClipReader | None = None
        self._depth: KeyDisparity | None = None

    def render_segment(
        self,
        recipe: Recipe,
        loaded: LoadedModel,
        indices: Sequence[int],
        given: Mapping[int, Pixels],
        exact: LoadExact | None = None,
    ) -> Iterator[Event]:
        """Draw frames `indices` of `recipe`: any of a dream, one whole unit of an animation.

        `exact` loads the same model in more precision, for frames that half precision cannot hold.
        """
        assert isinstance(recipe.request, Dream | Animate)
        policy = RetryPolicy(on_failure=recipe.request.on_bad_frame, black_is_bad=True, smaller_batches=True)
        renderer = Renderer(recipe=recipe, model=loaded, load_exact=exact, policy=policy)
        if isinstance(recipe.request, Dream):
            if self._dream is None or self._dream.recipe != recipe:
                self._dream = DreamPlan(recipe)
            if not self._dream.is_measured:
                reason = "the pace of a film is measured in its job folder, and this is drawn without one"
                raise BadRequest(reason, field="pace", value="perceptual", hint="make it with Studio.film")
            yield from render_dream(renderer, self._dream, indices)
            return
        if self._animation is None or self._animation.recipe != recipe:
            self._animation, self._reader, self._depth = AnimationPlan(recipe), None, None
        self._depth = self._depth or KeyDisparity(self._animation.request, recipe.numerics.device)
        context = RenderContext(plan=self._animation, renderer=renderer, depth=self._depth)
        unit = self._animation.unit(indices[0] // self._animation.length)
        if recipe.request.of_clip:
            path = Path(recipe.assets["video_init_path"].path)
            self._reader = self._reader or clip_reader(recipe.request, path)
            yield from render_clip(context, unit, given, self._reader)
        else:
            yield from render_segment(context, unit, given)


def render_dream(renderer: Renderer, plan: DreamPlan, indices: Sequence[int]) -> Iterator[Event]:
    """Draw frames `indices` of a dream; what stands in for a bad one is drawn here: no unit waits for another."""

    def before(index: int) -> Pixels | None:
        earlier = (renderer.good_pixels(plan.frame(each)) for each in range(index - 1, -1, -1))
        return next((pixels for pixels in earlier if pixels is not None), None)

    renderer = renderer.starting_from(renderer.init_pixels, before)
    yield from render_with_retry(renderer, [plan.frame(index) for index in indices])
