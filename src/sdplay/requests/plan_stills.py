"""What every mode of single pictures plans: one start for all, and the words and noise of seed + index for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdplay.core.sample import Init, Noise, Sample, SecondPass
from sdplay.requests.plan_control import control_of
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still
from sdplay.requests.words import words_of


def stills(recipe: Recipe, indices: Sequence[int], init: Init, second: SecondPass | None = None) -> Iterator[Sample]:
    """The frames of `indices`, in that order; none waits for another."""
    request = recipe.request
    assert isinstance(request, Still)
    control = control_of(recipe)
    for index in indices:
        noise = Noise(seed=recipe.seed + index, source=request.noise)
        words = words_of(recipe, index)
        yield Sample(index=index, prompt=words, noise=noise, init=init, second=second, control=control)
