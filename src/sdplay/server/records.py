"""What the queue holds, as data: jobs, their pictures, uploads, and what happened to them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from sdplay.core.warning import RequestWarning

State = Literal["queued", "running", "completed", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("completed", "failed", "cancelled")
HERE, TRASH, GONE = 0, 1, 2  # where a picture's file is
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that are taken for digits
RANDOM_BYTES = 5
FILMS = "films/"  # how the `file` of a film begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be made, and how far it is.

    `mode` is txt2img, img2img, inpaint, grid, dream, animate or upscale, `request` the fields of its request; `total`
    pictures or frames are asked for and `done` are finished. `source` is the entry point it came through. Jobs of
    higher `priority` come first, and of the same priority those with the smaller `position`. `attempt` counts how
    often it was begun: results of an earlier attempt are not taken any more. `deaths` counts processes that died
    drawing it since its last picture. Times are seconds since 1970; `error` holds code, field and message.
    """

    id: str
    mode: str
    request: dict[str, Any]
    state: State
    priority: int
    position: float
    attempt: int
    deaths: int
    total: int
    done: int
    seed: int
    recipe: str
    key: str | None
    source: str
    created: float
    started: float | None = None
    ended: float | None = None
    error: dict[str, Any] | None = None
    notes: tuple[RequestWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A picture (or film) of the gallery: `file` is its path below the service's folder, or in a watched one.

    `job` is "" for one that was not drawn here but put into a folder; `program` wrote it, "" if it does not say.
    `place` is `HERE`, `TRASH` or `GONE`, where somebody took the file away, and `removed` since when; `bytes` and
    `changed` (nanoseconds since 1970) are what the file was when it was read, 0 before that.
    """

    id: int
    job: str
    index: int
    file: str
    media_type: str
    width: int
    height: int
    seed: int
    digest: str
    recipe: str
    prompt: str
    model: str
    seconds: float
    created: float
    negative_prompt: str = ""
    program: str = "sdplay"
    starred: bool = False
    rating: int = 0
    place: int = HERE
    removed: float | None = None
    bytes: int = 0
    changed: int = 0

    @property
    def is_film(self) -> bool:
        return self.file.startswith(FILMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that a client sent, to be named in requests by its `id`."""

    id: str
    file: str
    media_type: str
    width: int
    height: int
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to `job`, "" for the whole queue.

    `id` counts up for what a client must not miss (queued, started, picture, finished, moved); it is None for progress,
    of which only the newest matters (step, preview).
    """

    type: str
    job: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    id: int | None = None


def new_id(now: float | None = None) -> str:
    """A name for a job: sorts by time, cannot be guessed, 18 characters."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    number = (milliseconds << (8 * RANDOM_BYTES)) | int.from_bytes(secrets.token_bytes(RANDOM_BYTES), "big")
    letters = ""
    for _ in range(18):
        letters = ALPHABET[number & 31] + letters
        number >>= 5
    return letters
