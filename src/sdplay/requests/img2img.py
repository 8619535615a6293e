"""img2img: picture i starts from the given picture and the noise of seed + i."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from sdplay.core.sample import FromImage, Sample
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import FromPicture, samples


class Img2Img(FromPicture):
    """A picture from words and another picture."""

    mode: Literal["img2img"] = "img2img"


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples of `indices`, in that order."""
    assert isinstance(recipe.request, Img2Img)
    return samples(recipe, indices, FromImage(image=recipe.image("image"), strength=recipe.request.strength))
