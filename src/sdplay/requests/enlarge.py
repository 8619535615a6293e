"""Sizes that a model cannot draw: it draws at its own size, and the finished picture is enlarged to the size asked.

What a model cannot draw its card says (`largest`). A recipe says what was done (`enlargement`), so that the picture is
a function of it like any other.
"""

from __future__ import annotations

from dataclasses import replace

from sdplay.library.card import ModelCard
from sdplay.library.upscalers import LANCZOS, default_upscaler, upscaler_digest, upscaler_files
from sdplay.requests.img2img import Img2Img
from sdplay.requests.recipe import Enlargement, Recipe
from sdplay.requests.txt2img import Txt2Img, drawn_size, second_pass

LATENTS = "latents"  # the role of the latents that a picture starts from


def beyond(recipe: Recipe, card: ModelCard) -> bool:
    """Whether `recipe` asks the model with this `card` for more pixels than it can draw."""
    if not card.largest:
        return False
    if max(recipe.width, recipe.height) > card.largest:
        return True
    second = second_pass(recipe)
    larger = second is not None and max(second.width, second.height) > card.largest
    return larger and second is not None and second.strength > card.most_hires_strength


def drawable(recipe: Recipe, card: ModelCard) -> Recipe:
    """`recipe`, or where its model cannot draw that size, the one that draws at the model's own and enlarges.

    From words a picture is then as large as the model draws best; from a picture it has that one's proportions. There
    is no second pass. Other modes, latents that are given, and who asks for it with `anyway`, draw as they are asked.
    """
    request = recipe.request
    if not isinstance(request, Txt2Img | Img2Img) or request.anyway or not beyond(recipe, card):
        return recipe
    if LATENTS in recipe.assets:
        return recipe
    width, height = drawn_size(recipe)
    if isinstance(request, Txt2Img):
        drawn = card.size, card.size
        request = request.model_copy(update={"hires_scale": 1.0})
    else:
        share = card.largest / max(width, height)
        drawn = max(round(width * share), 1), max(round(height * share), 1)
    larger = enlargement(drawn, (width, height))
    return replace(recipe, request=request, width=drawn[0], height=drawn[1], enlargement=larger)


def enlargement(drawn: tuple[int, int], asked: tuple[int, int]) -> Enlargement:
    """How a picture of the size `drawn` becomes one of the size `asked`: by what `sdplay upscale` takes by itself."""
    scale = scale_of(drawn, asked)
    upscaler = default_upscaler() if scale > 1 else LANCZOS
    weights = upscaler_digest(upscaler_files(upscaler, scale)) if upscaler != LANCZOS else ""
    return Enlargement(width=asked[0], height=asked[1], upscaler=upscaler, weights=weights)


def scale_of(drawn: tuple[int, int], asked: tuple[int, int]) -> float:
    """How many times larger a picture of the size `drawn` has room to be within `asked`."""
    return min(asked[0] / drawn[0], asked[1] / drawn[1])
