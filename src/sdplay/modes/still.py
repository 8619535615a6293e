"""What every mode of single pictures plans: the same words and start for all, the noise of seed + index for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.frame import Frame, Init, Noise, Words
from sdplay.core.recipe import Recipe
from sdplay.core.stills import Still


def stills(recipe: Recipe, indices: Sequence[int], init: Init) -> Iterator[Frame]:
    """The frames of `indices`, in that order; none waits for another."""
    request = recipe.request
    assert isinstance(request, Still)
    words = Words(prompt=request.prompt, negative_prompt=request.negative_prompt)
    for index in indices:
        noise = Noise(seed=recipe.seed + index, source=request.noise)
        yield Frame(index=index, words=words, noise=noise, init=init)
