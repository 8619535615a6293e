"""Films of the service: which frames of each are there, and what it is; all read from its folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.images.open import UNREADABLE, open_file
from sdplay.requests.base import Request
from sdplay.requests.modes import request_from
from sdplay.requests.recipe import Recipe
from sdplay.server.previews import small_webp
from sdplay.server.records import Job

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm

FILMS = Path("films")
FRAMES = "frames"
FILM_MODES = ("dream", "animate")
REMEMBERED = 256
MOST_WORDS = 2000  # characters
DIGITS = 9  # of a frame's name


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What a film is: `frames` are all that it would have, `first` and `last` those that were asked for."""

    frames: int
    first: int
    last: int
    fps: float
    width: int
    height: int


def film_folder(job: Job) -> Path:
    """The folder of the film that `job` makes, relative to the service's."""
    return FILMS / job.id


def film_facts(job: Job) -> FilmFacts:
    """What the film of `job` is; while it waits, as far as its request tells."""
    path = film_folder(job) / "job.json"
    try:
        frames, rate, width, height = described(path, path.stat().st_mtime_ns)
    except (OSError, SdplayError):
        frames, rate, width, height = asked(job)
    part = frames_asked(job)
    return FilmFacts(
        frames=frames,
        first=part.start if part is not None else 0,
        last=(part.stop if part is not None else frames) - 1,
        fps=float(rate),
        width=width,
        height=height,
    )


@lru_cache(REMEMBERED)
def described(path: Path, changed: int) -> tuple[int, Fraction, int, int]:
    """(frames, frames a second, width, height) of the film that the file `path` describes."""
    from sdplay.film.job.builder import frame_size
    from sdplay.film.job.description import described_recipe
    from sdplay.film.job.folder import JobFolder

    recipe = described_recipe(JobFolder.open(path.parent).description)
    return length_of(recipe.request), rate_of(recipe.request), *frame_size(recipe)


def film_request(job: Job) -> AnyFilm:
    return cast("AnyFilm", request_from({**job.request["fields"], "mode": job.mode}))


def fork_source(job: Job) -> Path | None:
    """The folder of the film whose unchanged frames `job` takes, if it is there."""
    name = job.request.get("fork")
    folder = FILMS / name if isinstance(name, str) else None
    return folder if folder is not None and (folder / "job.json").exists() else None


def words_of(recipe: Recipe) -> str:
    """The prompts of a film, as they are looked for."""
    return words_in(recipe.request)


def words_asked(job: Job) -> str:
    """The prompts of the film that `job` makes."""
    return words_in(film_request(job))


def words_in(request: Request) -> str:
    texts = (text for field, text in request.texts({}) if field != "negative_prompt" and text)
    return " | ".join(texts)[:MOST_WORDS]


def asked(job: Job) -> tuple[int, Fraction, int, int]:
    request = film_request(job)
    return length_of(request), rate_of(request), request.width or 0, request.height or 0


def length_of(request: Any) -> int:
    from sdplay.film import plan_animate, plan_dream
    from sdplay.film.request_dream import Dream

    return plan_dream.frames_of(request) if isinstance(request, Dream) else plan_animate.frames_of(request)


def rate_of(request: Any) -> Fraction:
    return request.rate


def frames_asked(job: Job) -> range | None:
    """The part of the film that alone is drawn; None for all of it."""
    text = job.request.get("frames")
    return parsed_frames(text) if text is not None else None


def parsed_frames(text: Any) -> range:
    """The frames in a text like "20-30", as Python counts them; raises `BadRequest`."""
    first, dash, last = text.partition("-") if isinstance(text, str) else ("", "", "")
    numbers = [int(part) for part in (first, last) if part.strip().isdecimal() and len(part) <= DIGITS]
    if not dash or len(numbers) != 2 or numbers[0] > numbers[1]:
        raise BadRequest("is no part of a film", field="frames", value=text, hint='first and last frame: "20-30"')
    return range(numbers[0], numbers[1] + 1)


def frames_there(folder: Path) -> list[tuple[int, int]]:
    """The frames of the film in `folder` that are on the disk, as stretches of first and last."""
    try:
        with os.scandir(folder / FRAMES) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return []
    return stretches(int(name[:DIGITS]) for name in names if name.endswith(".png") and name[:DIGITS].isdecimal())


def stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """`numbers` as stretches of first and last."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def first_frame(folder: Path) -> Path:
    """The first frame of the film in `folder` that is there."""
    there = frames_there(folder)
    return frame_path(folder, there[0][0] if there else 0)


def frame_path(folder: Path, index: int) -> Path:
    return folder / FRAMES / f"{index:0{DIGITS}d}.png"


def frame_picture(path: Path, side: int | None) -> tuple[bytes, str]:
    """(content, media type) of a frame: the file itself, or a WebP of up to `side` pixels a side.

    Raises `BadRequest` for one that is not there.
    """
    try:
        if side is None:
            return path.read_bytes(), "image/png"
        with open_file(path) as image:
            return small_webp(image, side), "image/webp"
    except UNREADABLE:
        raise BadRequest("this frame is not there", field="frame", value=path.name.removesuffix(".png")) from None
