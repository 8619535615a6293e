"""What a ControlNet would read of a picture, shown before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import BadRequest
from sdplay.images.canny import canny_of_input
from sdplay.images.inputs import read_input
from sdplay.images.read import png, resized
from sdplay.requests.stills import control_of

if TYPE_CHECKING:
    from sdplay.server.service import Service

ROLE = "control_image"


def control_map(service: Service, mode: str, fields: Mapping[str, Any]) -> bytes:
    """The PNG of what the ControlNet of a job reads, as it lies over the whole picture: its edges, or the control image
    as it is where no edges are made of it. Raises what `Service.submit` would raise, and `BadRequest` without a
    control image.
    """
    recipe = service.resolve(mode, service.without_options(mode, fields))[0].recipe
    control = control_of(recipe)
    if control is None:
        raise BadRequest("nothing is followed", field=ROLE, hint="name the upload of a picture")
    pixels = resized(read_input(control.image, ROLE), recipe.width, recipe.height)
    return png(canny_of_input(pixels, *control.edges) if control.edges is not None else pixels)
