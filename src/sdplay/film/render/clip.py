"""Video Input: every frame of a clip drawn anew, each from its own source frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdplay.core.sample import ClipAsset, FromFilm, Sample, Segment
from sdplay.events import Event, ImageDone, KeyframeDone
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.render.animate import RenderContext, grade
from sdplay.film.render.coherence import match_colors
from sdplay.film.video.decode import ClipReader, fit
from sdplay.images.picture import Picture
from sdplay.images.read import Pixels, resized
from sdplay.pipeline.retry import Renderer, render_with_retry


def render_clip(
    context: RenderContext, unit: Segment, given: Mapping[int, Pixels], reader: ClipReader
) -> Iterator[Event]:
    """Draw the frames of `unit`: `ImageDone` for each, `KeyframeDone` for frame 0, whose colours the rest keep.

    `given` holds frame 0 as it was drawn, for every unit but the first.
    """
    plan, reference = context.plan, given.get(0)
    frames = [plan.key(index) for index in range(unit.first, unit.stop)]
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
            yield context.depth.found(frame.index, pixels)
        yield ImageDone(picture=finished_picture(plan, pixels, frame.index, seconds))


def clip_renderer(context: RenderContext, sources: Mapping[int, Pixels], reader: ClipReader) -> Renderer:
    """A renderer whose frames start from their source frames; the last good frame before stands in for a bad one, drawn
    here, so that no unit waits for another.
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
