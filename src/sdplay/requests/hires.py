"""A picture drawn in two passes, small and then enlarged (A1111's "Hires. fix"): what the second one is."""

from __future__ import annotations

from sdplay.core.errors import BadRequest
from sdplay.core.sample import SecondPass
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import LARGEST_SIDE
from sdplay.requests.stills import Txt2Img

MULTIPLE = 8  # pixels of a latent, to which the larger size is rounded down, as in A1111


def second_pass(recipe: Recipe) -> SecondPass | None:
    """The second pass that `recipe` asks for, None where there is none.

    Raises `BadRequest` for a picture whose side would be longer than any side may be.
    """
    request = recipe.request
    if not isinstance(request, Txt2Img) or request.hires_scale == 1:
        return None
    width, height = (int(side * request.hires_scale) // MULTIPLE * MULTIPLE for side in (recipe.width, recipe.height))
    if max(width, height) > LARGEST_SIDE:
        raise BadRequest(
            f"a picture of {recipe.width}x{recipe.height} becomes {width}x{height} pixels, and {LARGEST_SIDE} is the "
            "most a side may have",
            field="hires_scale",
            value=request.hires_scale,
            hint="take a smaller --hires-scale, or enlarge it afterwards: sdplay upscale",
        )
    return SecondPass(
        width=width,
        height=height,
        upscaling=request.hires_upscaler,
        steps=request.hires_steps or recipe.steps,
        strength=request.hires_strength,
    )


def picture_size(recipe: Recipe) -> tuple[int, int]:
    """(width, height) of the finished pictures of `recipe`, whose own size is that of the first pass."""
    second = second_pass(recipe)
    return (second.width, second.height) if second is not None else (recipe.width, recipe.height)
