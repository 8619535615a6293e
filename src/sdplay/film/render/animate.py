"""A segment of an animation: the key is drawn from the one before it, moved; the frames up to the next lie between.

frame i, of key k after key p at cadence c:   (1 − τ)·(p moved to i) + τ·(k moved to i),   τ = (i − k + 1)/c

as in Deforum's cadence, but every frame is one resample of a key, a scene never fades into the next, and a segment
needs no later key. With flow_cadence=dis the two do not only fade: what is in both is brought to the place in between,
along the optical flow from one to the other, so that nothing is seen double. A key goes on as what its file holds,
whole grey levels, so that a film can be taken up at any key.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sdplay.core.sample import FromFilm, Sample, Segment
from sdplay.events import Event, ImageDone, KeyframeDone
from sdplay.film.camera.flow import optical_flow
from sdplay.film.camera.warp2d import sample
from sdplay.film.color_match import MATCHES, add_noise, apply_contrast, color_match, sharpen, smooth, to_uint8
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.render.camera_warp import CameraWarp, camera_warp
from sdplay.film.render.depth import KeyDisparity
from sdplay.images.inputs import read_input
from sdplay.images.picture import Picture
from sdplay.images.read import Pixels, resized
from sdplay.pipeline.retry import RenderInputs, render_with_retry


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """What a segment is drawn with: the plan, the renderer, and what is near in a picture."""

    plan: AnimationPlan
    renderer: RenderInputs
    depth: KeyDisparity


def render_segment(context: RenderContext, segment: Segment, given: Mapping[int, Pixels]) -> Iterator[Event]:
    """Draw `segment`: `Stepped` and `KeyframeDone` for its key, then `ImageDone` for each of its frames, in order.

    `given` holds, by frame, the key before it and the key whose colours it keeps, where there are such.
    """
    plan, started = context.plan, time.perf_counter()
    k, p, cut = segment.first, segment.first - plan.cadence, plan.is_cut(segment.first)
    # 1. what the key starts from: the one before it, moved here and graded
    before = camera_warp(plan, given[p], p, context.depth) if p >= 0 and not cut else None
    # 2. the key itself, in its scene's colours, as whole grey levels
    key = yield from render_key(context, plan.key(k), before, given)
    yield KeyframeDone(index=k, pixels=key)
    if plan.request.save_depth_maps:
        yield context.depth.map_of(k, key)
    # 3. the frames, each fading from the key before to this one while both move on
    after = camera_warp(plan, key, k, context.depth)
    seconds = (time.perf_counter() - started) / (segment.stop - segment.first)
    for index in range(segment.first, segment.stop):
        pixels = in_between(before, after, index, (index - k + 1) / plan.cadence, plan.request.flow_cadence == "dis")
        if index != k or plan.cadence > 1:
            pixels = smooth(pixels, plan.request.smooth)
        yield ImageDone(picture=Picture(pixels=pixels, recipe=plan.recipe, index=index, seconds=seconds))


def render_key(
    context: RenderContext, frame: Sample, before: CameraWarp | None, given: Mapping[int, Pixels]
) -> Generator[Event, None, Pixels]:
    """Draw the key `frame` and return its pixels; one of strength 0 is only moved."""
    plan = context.plan
    scene = plan.scene(frame.index)
    first = given.get(scene) if scene != frame.index else None
    if not isinstance(frame.init, FromFilm):
        new = yield from render_one(context.renderer, frame)
        return match_colors(plan, new, frame.index, first)
    moved = to_uint8(before.at(frame.index).numpy()) if before is not None else initial_picture(plan)
    start = grade(plan, moved, frame.index)
    pixels = start
    if frame.init.strength > 0:
        pixels = yield from render_one(context.renderer.starting_from(lambda _: start, lambda _: start), frame)
    return match_colors(plan, pixels, frame.index, first)


def render_one(renderer: RenderInputs, frame: Sample) -> Generator[Event, None, Pixels]:
    """The pixels of one frame; its `ImageDone` is not passed on, since it is not yet a frame of the film."""
    pixels: Pixels | None = None
    for event in render_with_retry(renderer, [frame]):
        if isinstance(event, ImageDone):
            pixels = event.picture.pixels
        else:
            yield event
    assert pixels is not None
    return pixels


def initial_picture(plan: AnimationPlan) -> Pixels:
    return resized(read_input(plan.recipe.image("init_image")), plan.recipe.width, plan.recipe.height)


def grade(plan: AnimationPlan, pixels: Pixels, key: int) -> Pixels:
    """What is done to a picture before it is drawn again: smoothed, contrast, sharpened, noise; rounded once."""
    how = plan.grading(key)
    image = smooth(pixels, plan.request.smooth).astype(np.float32)
    image = apply_contrast(image, how.contrast)
    image = sharpen(image, how.amount, how.kernel, how.sigma, how.threshold)
    return to_uint8(add_noise(image, how.noise, plan.seed(key)))


def in_between(
    before: CameraWarp | None, after: CameraWarp, index: int, weight: float, along_flow: bool = False
) -> Pixels:
    """Frame `index`: the key before and this one, both moved here (and brought together), mixed by `weight` 0..1."""
    later = after.at(index)
    if before is None or weight >= 1:
        return rounded(later)
    earlier = before.at(index)
    if along_flow:
        earlier, later = align_along_flow(earlier, later, weight)
    return rounded(torch.lerp(earlier, later, weight))


def align_along_flow(earlier: Tensor, later: Tensor, weight: float) -> tuple[Tensor, Tensor]:
    """Both pictures with their things at the same places, the share `weight` of the way from the one to the other:
    A'(x) = A(x − τf) and B'(x) = B(x + (1 − τ)f), where f leads from A to B.
    """
    flow = torch.from_numpy(optical_flow(rounded(earlier), rounded(later)))
    height, width = flow.shape[:2]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")

    def displaced(pixels: Tensor, share: float) -> Tensor:
        return sample(pixels, x + share * flow[..., 0], y + share * flow[..., 1], border="replicate")

    return displaced(earlier, -weight), displaced(later, 1 - weight)


def rounded(image: Tensor) -> Pixels:
    return to_uint8(image.numpy())


def match_colors(
    plan: AnimationPlan, pixels: Pixels, index: int, first: Pixels | None, source: Pixels | None = None
) -> Pixels:
    """`pixels` of frame `index` in the colours that `color_coherence` names, as far as the schedule says.

    `first` is the frame whose colours are kept (None where this is that frame itself), `source` what a clip shows here.
    """
    mode = plan.request.color_coherence
    reference, how = first, mode
    if mode == "Image":
        reference, how = read_input(plan.recipe.image("color_image")), "RGB"
    elif mode == "Video Input":
        reference, how = source, "LAB_mean"
    if how not in MATCHES or reference is None:
        return pixels
    strength = plan.grading(index).color_strength
    return to_uint8(color_match(pixels.astype(np.float32), reference, how, strength))
