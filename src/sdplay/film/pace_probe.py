"""A quick dream through the same stretches as a film, to see how its pictures change between keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sdplay.film.plan_dream import Walk
from sdplay.film.request_dream import Dream
from sdplay.requests.recipe import Recipe

PARTS = 16  # that a stretch is cut into: 17 samples, its keys among them
FEW_STEPS = 8


def sketch(recipe: Recipe) -> Recipe:
    """The dream of `recipe` in at most 8 steps, with its key j at frame 16j and an even pace between keys."""
    assert isinstance(recipe.request, Dream)
    request, walk = recipe.request, Walk(recipe)
    even: dict[str, Any] = {"pace": "uniform", "audio_smooth": 0.0, "easing": "linear", "hold": 0.0}
    keys = tuple(
        key.model_copy(update={"frame": PARTS * place, "hold": None}) for place, key in enumerate(request.keyframes)
    )
    times = {
        "num": PARTS * walk.stretches + (0 if walk.closed else 1),
        "frames_per_key": PARTS if request.frames_per_key is not None else None,
        "keyframes": keys,
    }
    # a bad sample only makes the measure worse, and is no reason to stop
    asked = request.model_copy(update={**even, **times, "on_bad_frame": "keep"})
    return replace(recipe, request=asked, steps=min(recipe.steps, FEW_STEPS), pace_table=())


def samples(stretch: int) -> range:
    """The frames of a sketch that lie in `stretch`, from key to key, both included."""
    return range(PARTS * stretch, PARTS * (stretch + 1) + 1)
