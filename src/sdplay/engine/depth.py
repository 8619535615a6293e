"""What is near and what is far in a key picture: a depth model's answer, a ramp, or one flat plane."""

from __future__ import annotations

import numpy as np

from sdplay.core.animate import Animate
from sdplay.core.recipe import Recipe
from sdplay.engine.mover import Nearness, NearnessOf
from sdplay.imaging.image import Pixels


def nearness_of(recipe: Recipe) -> NearnessOf:
    """The way `recipe` tells what is near in a picture."""
    assert isinstance(recipe.request, Animate)
    return flat


def flat(pixels: Pixels) -> Nearness:
    """Everything as near as can be: one plane at distance 1."""
    return np.ones(pixels.shape[:2], np.float32)
