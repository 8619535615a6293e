"""txt2img: picture i is drawn from the words and from the noise of seed + i, and waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.frame import Frame, Noise, Words
from sdplay.core.recipe import Recipe


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Frame]:
    """The frames of `indices`, in that order."""
    request = recipe.request
    for index in indices:
        yield Frame(
            index=index,
            words=Words(prompt=request.prompt, negative_prompt=request.negative_prompt),
            noise=Noise(seed=recipe.seed + index, source=request.noise),
        )
