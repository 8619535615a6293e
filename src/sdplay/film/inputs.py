"""What a request for a film names, read before the first frame: its depth model and its files."""

from __future__ import annotations

from sdplay.core.sample import Asset
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.video.inputs import film_files


def read_files(request: Film) -> tuple[Film, dict[str, Asset]]:
    """As `modes.read_files`; raises `BadRequest` for a file that is gone or is no such thing."""
    if isinstance(request, Animate) and (request.animation_mode == "3D" or request.save_depth_maps):
        from sdplay.film.render.depth_model import choose_depth  # loads torch: only for a camera in depth

        choice = choose_depth(request.depth_model)
        request = request.model_copy(update={"depth_model": str(choice.folder or choice.kind)})
    return film_files(request)
