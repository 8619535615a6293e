"""The words of each picture of a recipe: its template, with the choices that the picture's own seed makes."""

from __future__ import annotations

from sdplay.core.sample import PromptPair
from sdplay.prompts.template import resolved
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still


def words_of(recipe: Recipe, index: int) -> PromptPair:
    """What picture `index` of a recipe for single pictures is drawn from; raises `BadRequest` for a wildcard that the
    recipe does not hold.
    """
    request = recipe.request
    assert isinstance(request, Still)
    prompt, negative = request.prompt, request.negative_prompt
    if request.prompt_syntax == "a1111":
        seed = recipe.seed + index
        prompt = resolved(prompt, recipe.wildcards, seed, "prompt")
        negative = resolved(negative, recipe.wildcards, seed, "negative_prompt")
    return PromptPair(prompt=prompt, negative_prompt=negative, syntax=request.prompt_syntax)
