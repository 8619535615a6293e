"""Whole small films, drawn by a random model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sdplay.events import Event
from sdplay.film.job.film import shoot
from sdplay.film.job.job import FilmJob
from sdplay.film.plan import FILMS
from sdplay.images.read import Pixels, read_image
from sdplay.requests.base import make_request
from sdplay.studio import Studio


def film(studio: Studio, out: Path, mode: str, **fields: Any) -> FilmJob:
    """A film of 64x64 pixels in 2 steps, unless `fields` say otherwise, ready to be shot."""
    small = {"width": 64, "height": 64, "steps": 2, "seed": 7} | fields
    return studio.film(make_request(FILMS[mode], **small), out)


def shot(shooting: FilmJob) -> list[Event]:
    return list(shoot(shooting))


def frames(out: Path, folder: str = "frames") -> dict[int, Pixels]:
    return {int(path.stem): read_image(path, "frame") for path in sorted((out / folder).glob("*.png"))}


def same(one: dict[int, Pixels], other: dict[int, Pixels]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[index], other[index]) for index in one)
