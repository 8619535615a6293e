"""Which file plans which mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sdplay.core.frame import Frame
from sdplay.core.recipe import Recipe
from sdplay.modes import img2img, inpaint, txt2img

PLANS: dict[str, Callable[[Recipe, Sequence[int]], Iterator[Frame]]] = {
    "txt2img": txt2img.plan,
    "img2img": img2img.plan,
    "inpaint": inpaint.plan,
}


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Frame]:
    """The frames of `recipe` with these `indices`, in that order."""
    return PLANS[recipe.request.mode](recipe, indices)
