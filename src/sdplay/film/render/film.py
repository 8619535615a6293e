"""A segment of a film, whatever kind of film it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.core.sample import ClipAsset, FromFilm, Sample, Segment
from sdplay.events import Event, ImageDone, KeyframeDone
from sdplay.film.inputs import clip_reader
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.render.animate import RenderContext, grade, match_colors, render_segment
from sdplay.film.render.depth import KeyDisparity
from sdplay.film.request_dream import Dream
from sdplay.film.video.decode import ClipReader, fit
from sdplay.images.picture import Picture
from sdplay.images.read import Pixels, resized
from sdplay.pipeline.model_cache import LoadedModel
from sdplay.pipeline.retry import LoadPrecise, RenderInputs, RetryPolicy, render_with_retry
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

    def render(
        self, task: DrawTask, loaded: LoadedModel, load_precise: LoadPrecise | None = None
    ) -> Generator[Event, None, None]:
        """Draw the frames of `task`; `load_precise` loads the same model for frames that overflow in half precision.

        Raises `BadRequest` for a dream whose pace is not measured yet.
        """
        recipe, plan = task.recipe, self._plan_of(task.recipe)
        policy = RetryPolicy(on_failure=plan.request.on_bad_frame, black_is_bad=True, smaller_batches=True)
        renderer = RenderInputs(recipe=recipe, model=loaded, load_precise=load_precise, policy=policy)
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
        """The plan of the film, made again if the film is another than the last."""
        if self._plan is None or self._plan.recipe != recipe:
            self.close()
            self._plan = DreamPlan(recipe) if isinstance(recipe.request, Dream) else AnimationPlan(recipe)
        return self._plan

    def close(self) -> None:
        """Close the clip and let go of the depth model."""
        if self._reader is not None:
            self._reader.close()
        self._plan, self._reader, self._depth = None, None, None


def render_dream(renderer: RenderInputs, plan: DreamPlan, indices: Sequence[int]) -> Iterator[Event]:
    """Draw frames `indices` of a dream; what stands in for a bad one is drawn here: no segment waits for another."""
    if not plan.is_measured:
        reason = "the pace of a film is measured in its job folder, and this is drawn without one"
        raise BadRequest(reason, field="pace", value="perceptual", hint="make it with Studio.film")

    def before(index: int) -> Pixels | None:
        earlier = (renderer.good_pixels(plan.frame(each)) for each in range(index - 1, -1, -1))
        return next((pixels for pixels in earlier if pixels is not None), None)

    renderer = renderer.starting_from(renderer.init_pixels, before)
    yield from render_with_retry(renderer, [plan.frame(index) for index in indices])


def render_clip(
    context: RenderContext, segment: Segment, given: Mapping[int, Pixels], reader: ClipReader
) -> Iterator[Event]:
    """Draw the frames of `segment`: `ImageDone` for each, `KeyframeDone` for frame 0, whose colours the rest keep.

    `given` holds frame 0 as it was drawn, for every segment but the first.
    """
    plan, reference = context.plan, given.get(0)
    frames = [plan.key(index) for index in range(segment.first, segment.stop)]
    sources = {frame.index: source_frame(plan, reader, frame.index) for frame in frames}
    changing = [frame for frame in frames if strength_of(frame) > 0]
    events = render_with_retry(clip_renderer(context, sources, reader), changing)
    for frame in frames:
        pixels, seconds = sources[frame.index], 0.0
        if strength_of(frame) > 0:
            for event in events:
                if isinstance(event, ImageDone):
                    pixels, seconds = event.picture.pixels, event.picture.seconds
                    break
                yield event
            pixels = match_colors(plan, pixels, frame.index, reference, sources[frame.index])
        if frame.index == 0:
            yield KeyframeDone(index=0, pixels=pixels)
            reference = pixels
        if plan.request.save_depth_maps:
            yield context.depth.map_of(frame.index, pixels)
        yield ImageDone(picture=finished_picture(plan, pixels, frame.index, seconds))


def clip_renderer(context: RenderContext, sources: Mapping[int, Pixels], reader: ClipReader) -> RenderInputs:
    """A renderer whose frames start from their source frames; the last good frame before stands in for a bad one, drawn
    here, so that no segment waits for another.
    """
    plan = context.plan

    def start(frame: Sample) -> Pixels:
        index = frame.index
        return grade(plan, sources[index] if index in sources else source_frame(plan, reader, index), index)

    def before(index: int) -> Pixels | None:
        for each in range(index - 1, -1, -1):
            frame = plan.key(each)
            pixels = renderer.good_pixels(frame) if strength_of(frame) > 0 else source_frame(plan, reader, each)
            if pixels is not None:
                return pixels
        return None

    renderer = context.renderer.starting_from(start, before)
    return renderer


def strength_of(frame: Sample) -> float:
    return frame.init.strength if isinstance(frame.init, FromFilm) else 1.0


def source_frame(plan: AnimationPlan, reader: ClipReader, index: int) -> Pixels:
    """Source frame of output `index`, at the size it is drawn at."""
    asked = plan.request
    how = asked.video_fit or ("stretch" if asked.video_same_size else "cover")
    return fit(reader.frame(index), plan.recipe.width, plan.recipe.height, how)


def finished_picture(plan: AnimationPlan, pixels: Pixels, index: int, seconds: float) -> Picture:
    """The frame that is handed over, at the clip's own size where that is wished."""
    clip = plan.recipe.assets["video_init_path"]
    if plan.request.video_same_size and isinstance(clip, ClipAsset):
        pixels = resized(pixels, clip.width, clip.height)
    return Picture(pixels=pixels, recipe=plan.recipe, index=index, seconds=seconds)
