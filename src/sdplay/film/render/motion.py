"""The moves of an animation's camera alone: one picture, moved through the whole film, and nothing drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sdplay.film.camera.disparity import ramp
from sdplay.film.color_match import to_uint8
from sdplay.film.plan_animate import Score
from sdplay.film.render.camera_warp import Mover, Nearness, mover
from sdplay.images.read import Pixels

RENEWED_SECONDS = 2  # a camera soon leaves a picture that nothing draws anew


def moved_alone(score: Score, picture: Pixels) -> Iterator[Pixels]:
    """Every frame of the film, uint8 [height, width, 3]: `picture` as the camera of `score` moves it.

    It is there whole at every cut, and at the first key after two seconds: from there on each frame is one resample.
    """
    flat = not score.request.use_depth_warping
    renewed = RENEWED_SECONDS * score.timeline.fps
    moving: Mover | None = None
    since = 0
    for index in range(score.total):
        is_key = index % score.cadence == 0
        if moving is None or (is_key and (score.is_cut(index) or index - since >= renewed)):
            moving, since = mover(score, picture, index, plane if flat else floor), index
        yield to_uint8(moving.at(index).numpy())


def floor(pixels: Pixels) -> Nearness:
    """The lower edge is near, the upper far: what a film goes by that has no depth model."""
    return ramp(pixels.shape[1], pixels.shape[0])


def plane(pixels: Pixels) -> Nearness:
    """Everything is as near."""
    return np.ones(pixels.shape[:2], np.float32)
