"""A film of the camera's moves alone, in seconds, to look at before the real one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from sdplay.core.errors import BadRequest
from sdplay.film.camera.testcard import camera_card
from sdplay.film.job.description import film_rate
from sdplay.film.plan_animate import Score
from sdplay.film.render.motion import moved_alone
from sdplay.film.request_animate import Animate
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.kind import FilmKind
from sdplay.images.inputs import read_given
from sdplay.images.read import resized
from sdplay.requests.recipe import Recipe


def preview_motion(recipe: Recipe, path: Path) -> Path:
    """Write the moves of the animation `recipe` on its init_image, else on a test card, as a film of full length.

    What kind of film, the name of `path` says; returns `path`. Raises `BadRequest` for a clip drawn anew, which no
    camera moves, and for a name of no kind of film; `DiskFull` or `StoreError` where it cannot be written.
    """
    request = recipe.request
    if not isinstance(request, Animate) or request.of_clip:
        reason, hint = "no camera moves in this film", "animation_mode 2D and 3D have moves"
        raise BadRequest(reason, field="preview_motion", value=str(path), hint=hint)
    size, kind = (recipe.width, recipe.height), kind_of(path)
    given = recipe.assets.get("init_image")
    picture = resized(read_given(given), *size) if given is not None else camera_card(*size)
    with FilmWriter(path, size, film_rate(request), kind) as film:
        for pixels in moved_alone(Score(recipe), picture):
            film.add(pixels)
    return path


def kind_of(path: Path) -> FilmKind:
    name = {"png": "apng"}.get(ending := path.suffix.lstrip(".").casefold(), ending)
    if name not in get_args(FilmKind):
        hint = f"end its name in .{', .'.join(get_args(FilmKind))}"
        raise BadRequest("is the name of no kind of film", field="preview_motion", value=str(path), hint=hint)
    return cast(FilmKind, name)
