"""A unit of a film, whatever kind of film it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.events import Event
from sdplay.film.plan_animate import Score
from sdplay.film.plan_dream import Walk
from sdplay.film.render.animate import Stage, segment
from sdplay.film.render.clip import clip_unit
from sdplay.film.render.depth import DepthOfKeys
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.inputs import clip_reader
from sdplay.images.read import Pixels
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.retry import LoadExact, Renderer, RetryPolicy, render_with_retry
from sdplay.requests.recipe import Recipe


class Stages:
    """Draws units; keeps the last film's schedules read and its clip open, since units of a film follow each other."""

    def __init__(self) -> None:
        self._walk: Walk | None = None
        self._score: Score | None = None
        self._reader: ClipReader | None = None
        self._depth: DepthOfKeys | None = None

    def unit(
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
            if self._walk is None or self._walk.recipe != recipe:
                self._walk = Walk(recipe)
            if not self._walk.is_measured:
                reason = "the pace of a film is measured in its job folder, and this is drawn without one"
                raise BadRequest(reason, field="pace", value="perceptual", hint="make it with Studio.film")
            yield from dream_unit(renderer, self._walk, indices)
            return
        if self._score is None or self._score.recipe != recipe:
            self._score, self._reader, self._depth = Score(recipe), None, None
        self._depth = self._depth or DepthOfKeys(self._score.request, recipe.numerics.device)
        stage = Stage(score=self._score, renderer=renderer, depth=self._depth)
        unit = self._score.unit(indices[0] // self._score.length)
        if recipe.request.of_clip:
            path = Path(recipe.assets["video_init_path"].path)
            self._reader = self._reader or clip_reader(recipe.request, path)
            yield from clip_unit(stage, unit, given, self._reader)
        else:
            yield from segment(stage, unit, given)


def dream_unit(renderer: Renderer, walk: Walk, indices: Sequence[int]) -> Iterator[Event]:
    """Draw frames `indices` of a dream; what stands in for a bad one is drawn here: no unit waits for another."""

    def before(index: int) -> Pixels | None:
        earlier = (renderer.good_pixels(walk.frame(each)) for each in range(index - 1, -1, -1))
        return next((pixels for pixels in earlier if pixels is not None), None)

    yield from render_with_retry(
        renderer.starting_from(renderer.init_pixels, before), [walk.frame(index) for index in indices]
    )
