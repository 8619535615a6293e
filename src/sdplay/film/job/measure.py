"""The pace of a dream that is to change evenly to the eye: measured before its first frame is drawn, and kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from sdplay.events import Event, ImageDone, Measuring
from sdplay.film.change import change_seen
from sdplay.film.pace_probe import samples, sketch
from sdplay.film.plan_dream import Walk
from sdplay.film.request_dream import Dream
from sdplay.images.read import Pixels
from sdplay.requests.recipe import Recipe

Draw = Callable[[Recipe, Sequence[int]], Generator[Event, None, None]]


def measured(recipe: Recipe, draw: Draw, keep: Callable[[Recipe], None]) -> Generator[Event, None, Recipe]:
    """`recipe` with the whole of its `pace_table`, where it asks for one; `Measuring` comes after every step.

    `draw` draws frames of a recipe. `keep` gets the recipe after each stretch, so that what is measured is not lost.
    """
    if not isinstance(recipe.request, Dream):
        return recipe
    walk, quick = Walk(recipe), sketch(recipe)
    while not walk.is_measured:
        indices = samples(len(recipe.pace_table))
        pictures: list[Pixels] = []
        with closing(draw(quick, indices)) as events:
            for event in events:
                pictures += [event.picture.pixels] if isinstance(event, ImageDone) else []
                yield Measuring(
                    done=len(recipe.pace_table) * len(indices) + len(pictures), total=walk.stretches * len(indices)
                )
        recipe = replace(recipe, pace_table=(*recipe.pace_table, change_seen(pictures)))
        keep(recipe)
        walk = Walk(recipe)
    return recipe
