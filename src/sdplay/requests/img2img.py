"""img2img: picture i starts from the given picture and the noise of seed + i."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.sample import FromImage, Sample
from sdplay.requests.plan_stills import stills
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import Img2Img


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The frames of `indices`, in that order."""
    assert isinstance(recipe.request, Img2Img)
    return stills(recipe, indices, FromImage(image=recipe.assets["image"], strength=recipe.request.strength))
