"""The colours a film keeps: those of its first frames, of a picture, or of the clip it is drawn from."""

from __future__ import annotations

import numpy as np

from sdplay.film.color_match import MATCHES, color_match, to_uint8
from sdplay.film.plan_animate import AnimationPlan
from sdplay.images.inputs import read_input
from sdplay.images.read import Pixels


def match_colors(
    plan: AnimationPlan, pixels: Pixels, index: int, first: Pixels | None, source: Pixels | None = None
) -> Pixels:
    """`pixels` of frame `index` in the colours that `color_coherence` names, as far as the schedule says.

    `first` is the frame whose colours are kept (None where this is that frame itself), `source` what a clip shows here.
    """
    mode = plan.request.color_coherence
    reference, how = first, mode
    if mode == "Image":
        reference, how = read_input(plan.recipe.image("color_image")), "RGB"
    elif mode == "Video Input":
        reference, how = source, "LAB_mean"
    if how not in MATCHES or reference is None:
        return pixels
    strength = plan.grading(index).color_strength
    return to_uint8(color_match(pixels.astype(np.float32), reference, how, strength))
