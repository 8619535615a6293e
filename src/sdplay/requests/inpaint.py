"""inpaint: as img2img, but only under the mask (and beyond the edges, where the picture is extended)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.sample import FromImage, Repaint, Sample
from sdplay.requests.plan_stills import stills
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import Inpaint


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The frames of `indices`, in that order."""
    request = recipe.request
    assert isinstance(request, Inpaint)
    repaint = Repaint(
        mask=recipe.assets.get("mask"),
        blur=request.mask_blur,
        grow=request.mask_grow,
        invert=request.mask_invert,
        fill=request.fill,
        borders=request.borders,
        padding=request.padding if request.only_masked else None,
    )
    init = FromImage(image=recipe.assets["image"], strength=request.strength, repaint=repaint)
    return stills(recipe, indices, init)
