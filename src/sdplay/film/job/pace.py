"""How long the rest of a film will take."""

from __future__ import annotations

from sdplay.core.sample import Segment
from sdplay.film.plan import FilmPlan

NEWEST = 0.2  # weight of the newest unit in the running mean


class TimeLeft:
    """Seconds a unit takes, as a running mean; `workers` units are drawn at a time."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._mean: float | None = None

    def left(self, unit: Segment, seconds: float, done: int, plan: FilmPlan) -> float:
        """Seconds until `plan` is drawn, `unit` having taken `seconds` and `done` frames being finished."""
        whole = seconds * plan.segment_length / (unit.stop - unit.first)
        self._mean = whole if self._mean is None else (1 - NEWEST) * self._mean + NEWEST * whole
        return round((plan.total - done) / plan.segment_length * self._mean / self._workers, 1)
