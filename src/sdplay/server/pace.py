"""How fast pictures were drawn here, to say how long the next ones take."""

from __future__ import annotations

import json
from statistics import median

from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import network_calls
from sdplay.requests.txt2img import second_pass
from sdplay.server.database import Database

NEWEST = 20  # pictures that are looked at


def seconds_per_work(database: Database, model: str) -> float | None:
    """Seconds for one pixel in one pass through the network of `model`, by its newest pictures; None if none are."""
    rows = database.read(
        "SELECT pictures.seconds, jobs.request FROM pictures JOIN jobs ON jobs.id = pictures.job "
        "WHERE pictures.model = ? AND pictures.seconds > 0 AND jobs.mode IN ('txt2img', 'img2img', 'inpaint') "
        "ORDER BY pictures.id DESC LIMIT ?",
        (model, NEWEST),
    )
    paces: list[float] = []
    for seconds, request in rows:
        written = json.loads(request).get("recipe")
        if written is not None:
            paces.append(seconds / max(still_work(Recipe.from_dict(written)), 1))
    return median(paces) if paces else None


def still_work(recipe: Recipe) -> float:
    """Pixels times passes through the network for one picture of `recipe`."""
    sides = 1 if recipe.guidance_scale <= 1 else 2
    second, quality = second_pass(recipe), recipe.request.quality

    def calls(steps: float) -> int:
        return network_calls(recipe.sampler, round(steps), quality)

    more = calls(second.steps * second.strength) if second is not None else 0
    first = calls(recipe.steps * getattr(recipe.request, "strength", 1.0))
    larger = second.width * second.height if second is not None else 0
    return sides * (first * recipe.width * recipe.height + more * larger)
