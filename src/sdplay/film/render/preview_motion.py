"""A film of the camera's moves alone, in seconds, to look at before the real one is drawn; or some of it, small."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

import numpy as np
from PIL import Image, ImageDraw

from sdplay.core.errors import BadRequest
from sdplay.film.camera.disparity import ramp
from sdplay.film.color_match import to_uint8
from sdplay.film.job.description import film_rate
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.render.camera_warp import CameraWarp, Disparity, camera_warp
from sdplay.film.request_animate import Animate
from sdplay.film.video.container import FilmKind
from sdplay.film.video.encode import FilmWriter
from sdplay.images.inputs import read_input
from sdplay.images.read import Pixels, read_image, resized
from sdplay.requests.recipe import Recipe

LIGHT, DARK, LINE = (214, 210, 200), (120, 132, 148), (24, 28, 36)
CORNERS = ((220, 60, 50), (240, 190, 40), (50, 150, 80), (60, 90, 200))
SQUARES = 8  # along the shorter side
RENEWED_SECONDS = 2  # a camera soon leaves a picture that nothing redraws
IN_PIXELS = ("translation_x", "translation_y")  # of a flat picture; in depth they do not depend on its size
QUALITY = 80


class SmallPlan(AnimationPlan):
    """The plan of `recipe` drawn `scale` times as large: moves in pixels are as much shorter."""

    def __init__(self, recipe: Recipe, scale: float) -> None:
        super().__init__(recipe)
        self._scale = scale

    def motion(self, name: str, frame: int) -> float:
        shrinks = self.request.animation_mode == "2D" and name in IN_PIXELS
        return super().motion(name, frame) * (self._scale if shrinks else 1.0)


def small_moves(recipe: Recipe, picture: Path | None, frames: range, side: int) -> Iterator[tuple[int, bytes]]:
    """(number, JPEG) of the `frames` of the animation `recipe`, `side` pixels long: `picture`, else a test
    card, as the camera moves it. Raises `BadRequest` for a clip redrawn, which no camera moves.
    """
    request = recipe.request
    if not isinstance(request, Animate) or request.of_clip:
        reason, hint = "no camera moves in this film", "animation_mode 2D and 3D have moves"
        raise BadRequest(reason, field="animation_mode", value=getattr(request, "animation_mode", ""), hint=hint)
    scale = side / max(recipe.width, recipe.height)
    size = max(round(recipe.width * scale), 1), max(round(recipe.height * scale), 1)
    quick = request.model_copy(update={"sampling_mode": "bilinear"} if request.sampling_mode == "bicubic" else {})
    plan = SmallPlan(replace(recipe, request=quick), scale)
    shown = resized(read_image(picture), *size) if picture is not None else camera_card(*size)
    for index, pixels in enumerate(moved_alone(plan, shown, frames.start), frames.start):
        if index >= frames.stop:
            return
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY)
        yield index, buffer.getvalue()


def preview_motion(recipe: Recipe, path: Path) -> Path:
    """Write the moves of the animation `recipe` on its init_image, else on a test card, as a film of full length.

    What kind of film, the name of `path` says; returns `path`. Raises `BadRequest` for a clip redrawn, which no
    camera moves, and for a name of no kind of film; `DiskFull` or `StoreError` where it cannot be written.
    """
    request = recipe.request
    if not isinstance(request, Animate) or request.of_clip:
        reason, hint = "no camera moves in this film", "animation_mode 2D and 3D have moves"
        raise BadRequest(reason, field="preview_motion", value=str(path), hint=hint)
    size, kind = (recipe.width, recipe.height), kind_of(path)
    given = "init_image" in recipe.assets
    picture = resized(read_input(recipe.image("init_image")), *size) if given else camera_card(*size)
    with FilmWriter(path, size, film_rate(request), kind) as film:
        for pixels in moved_alone(AnimationPlan(recipe), picture):
            film.add(pixels)
    return path


def kind_of(path: Path) -> FilmKind:
    name = {"png": "apng"}.get(ending := path.suffix.lstrip(".").casefold(), ending)
    if name not in get_args(FilmKind):
        hint = f"end its name in .{', .'.join(get_args(FilmKind))}"
        raise BadRequest("is the name of no kind of film", field="preview_motion", value=str(path), hint=hint)
    return cast(FilmKind, name)


def moved_alone(plan: AnimationPlan, picture: Pixels, first: int = 0) -> Iterator[Pixels]:
    """Every frame of the film from `first` on, uint8 [height, width, 3]: `picture` as the camera of `plan` moves it.

    It is there whole at every cut, and at the first key after two seconds: from there on each frame is one resample.
    """
    flat = not plan.request.use_depth_warping
    renewed = RENEWED_SECONDS * plan.timeline.fps
    moving: CameraWarp | None = None
    since = 0
    for index in range(plan.total):
        is_key = index % plan.cadence == 0
        if moving is None or (is_key and (plan.is_cut(index) or index - since >= renewed)):
            moving, since = camera_warp(plan, picture, index, plane if flat else floor), index
        if index >= first:
            yield to_uint8(moving.at(index).numpy())


def floor(pixels: Pixels) -> Disparity:
    """The lower edge is near, the upper far: near enough to a depth model to judge moves by."""
    return ramp(pixels.shape[1], pixels.shape[0])


def plane(pixels: Pixels) -> Disparity:
    """Everything is as near."""
    return np.ones(pixels.shape[:2], np.float32)


def camera_card(width: int, height: int) -> Pixels:
    """A test card, uint8 [height, width, 3]; red is top left, then clockwise yellow, green and blue."""
    side = min(width, height) / SQUARES
    y, x = np.mgrid[:height, :width]
    odd = (((x - width / 2) // side + (y - height / 2) // side) % 2 == 1)[..., None]
    image = Image.fromarray(np.where(odd, DARK, LIGHT).astype(np.uint8))
    pen, line = ImageDraw.Draw(image), max(round(side / 12), 1)
    right, bottom = width - 1, height - 1
    places = ((0, 0), (right - side, 0), (right - side, bottom - side), (0, bottom - side))
    for (left, top), colour in zip(places, CORNERS, strict=True):
        pen.rectangle((left, top, left + side, top + side), fill=colour)
    radius = min(width, height) * 0.375
    centre = (right / 2, bottom / 2)
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    pen.ellipse(box, outline=LINE, width=2 * line)
    pen.line((centre[0] - side, centre[1], centre[0] + side, centre[1]), fill=LINE, width=line)
    pen.line((centre[0], centre[1] - side, centre[0], centre[1] + side), fill=LINE, width=line)
    pen.rectangle((0, 0, right, bottom), outline=LINE, width=line)
    return np.array(image)
