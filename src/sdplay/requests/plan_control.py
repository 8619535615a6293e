"""What the pictures of a recipe follow, as data for those who draw them."""

from __future__ import annotations

from sdplay.core.sample import Control
from sdplay.library.add_on_kinds import add_on_name
from sdplay.requests.recipe import Recipe, damaged
from sdplay.requests.stills import Still


def control_of(recipe: Recipe) -> Control | None:
    """What all pictures of `recipe` follow, None for nothing."""
    request, image = recipe.request, recipe.assets.get("control_image")
    if image is None or not isinstance(request, Still):
        return None
    network = add_on_name(request.controlnet or "")
    if not any(one.kind == "controlnet" and one.name == network for one in recipe.add_ons):
        raise damaged("it does not say which ControlNet follows the control image", request.controlnet)
    return Control(
        image=image,
        network=network,
        edges=(request.canny_low, request.canny_high) if request.control_preprocessor == "canny" else None,
        scale=request.control_scale,
        start=request.control_start,
        end=request.control_end,
    )
