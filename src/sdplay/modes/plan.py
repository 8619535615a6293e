"""Which file plans which mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sdplay.core.dream import Dream
from sdplay.core.frame import Frame
from sdplay.core.recipe import Recipe
from sdplay.core.stills import Still
from sdplay.modes import animate, dream, img2img, inpaint, txt2img

PLANS: dict[str, Callable[[Recipe, Sequence[int]], Iterator[Frame]]] = {
    "txt2img": txt2img.plan,
    "img2img": img2img.plan,
    "inpaint": inpaint.plan,
    "dream": dream.plan,
}


def count(recipe: Recipe) -> int:
    """How many pictures or frames `recipe` asks for."""
    request = recipe.request
    if isinstance(request, Still):
        return request.num
    return dream.frames_of(request) if isinstance(request, Dream) else animate.frames_of(request)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Frame]:
    """The frames of `recipe` with these `indices`, in that order."""
    return PLANS[recipe.request.mode](recipe, indices)
