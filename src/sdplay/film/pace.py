"""The pace of a dream that changes evenly to the eye, measured in a quick probe before the first frame is drawn."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdplay.events import Event, ImageDone, Measuring
from sdplay.film.plan_dream import DreamPlan, is_closed
from sdplay.film.request_dream import Dream
from sdplay.images.read import Pixels, resized
from sdplay.requests.recipe import Recipe

Draw = Callable[[Recipe, Sequence[int]], Generator[Event, None, None]]

PARTS = 16  # that a stretch is cut into: 17 samples, its keys among them
FEW_STEPS = 8
SIDE = 64  # small enough that only what the eye follows counts
FLOOR = 0.05  # of the mean change: where nothing is seen to change time goes on all the same


def change_seen(pictures: Iterable[Pixels]) -> tuple[float, ...]:
    """How much of all change, 0..1, has been seen when each of `pictures` (two or more) is reached.

    The change from one to the next is the root mean square difference of their RGB at 64x64 pixels, and 5 % of the mean
    of all; so the shares rise strictly from 0 to 1, and evenly where all pictures are the same.
    """
    changes = [difference(one, other) for one, other in pairwise(map(small, pictures))]
    floor = FLOOR * sum(changes) / len(changes) or 1.0
    sums = list(accumulate((change + floor for change in changes), initial=0.0))
    return (*(share / sums[-1] for share in sums[:-1]), 1.0)


def small(pixels: Pixels) -> NDArray[np.float32]:
    return resized(pixels, SIDE, SIDE).astype(np.float32)


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(one - other), dtype=np.float64)))


def pace_probe(recipe: Recipe) -> Recipe:
    """The dream of `recipe` in at most 8 steps, with its key j at frame 16j and an even pace between keys."""
    assert isinstance(recipe.request, Dream)
    request, plan = recipe.request, DreamPlan(recipe)
    even: dict[str, Any] = {"pace": "uniform", "audio_smooth": 0.0, "easing": "linear", "hold": 0.0}
    keys = tuple(
        key.model_copy(update={"frame": PARTS * place, "hold": None}) for place, key in enumerate(request.keyframes)
    )
    times = {
        "num": PARTS * plan.stretches + (0 if is_closed(request) else 1),
        "frames_per_key": PARTS if request.frames_per_key is not None else None,
        "keyframes": keys,
    }
    # a bad sample only makes the measure worse, and does not stop anything
    asked = request.model_copy(update={**even, **times, "on_bad_frame": "keep"})
    return replace(recipe, request=asked, steps=min(recipe.steps, FEW_STEPS), pace_table=())


def probe_frames(stretch: int) -> range:
    """The frames of a sketch that lie in `stretch`, from key to key, both included."""
    return range(PARTS * stretch, PARTS * (stretch + 1) + 1)


def measure_pace(recipe: Recipe, draw: Draw, keep: Callable[[Recipe], None]) -> Generator[Event, None, Recipe]:
    """`recipe` with the whole of its `pace_table`, where it asks for one; `Measuring` comes after every step.

    `draw` draws frames of a recipe. `keep` gets the recipe after each stretch, so that what is measured is not lost.
    """
    if not isinstance(recipe.request, Dream):
        return recipe
    plan, quick = DreamPlan(recipe), pace_probe(recipe)
    while not plan.is_measured:
        indices = probe_frames(len(recipe.pace_table))
        pictures: list[Pixels] = []
        with closing(draw(quick, indices)) as events:
            for event in events:
                pictures += [event.picture.pixels] if isinstance(event, ImageDone) else []
                yield Measuring(
                    done=len(recipe.pace_table) * len(indices) + len(pictures), total=plan.stretches * len(indices)
                )
        recipe = replace(recipe, pace_table=(*recipe.pace_table, change_seen(pictures)))
        keep(recipe)
        plan = DreamPlan(recipe)
    return recipe
