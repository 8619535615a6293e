"""Events on their way from a worker: what both sides have already is not sent, but named.

Pictures of a film are sent as the files that they become. To make a PNG takes five times as long as to read one, and
workers are many where the one that hears them is not.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sdplay.events import Event, ImageDone, KeyframeDone, Upscaled
from sdplay.executors.audit import piece_digest
from sdplay.film.job.frame_file import pixels_of, png_of
from sdplay.images.picture import pixel_digest
from sdplay.requests.stills import Still
from sdplay.tasks import DrawTask, Task

NOTHING = np.zeros((0, 0, 3), np.uint8)


def shared(task: Task) -> tuple[object, ...]:
    """What events of `task` refer to: its recipe, which is large, and names files where they are on one machine."""
    return (task.recipe, task.recipe.request, task.recipe.assets) if isinstance(task, DrawTask) else ()


class Packer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file, protocol=5)
        self._places = {id(each): place for place, each in enumerate(known)}

    def persistent_id(self, obj: Any) -> int | None:
        return self._places.get(id(obj))


class Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, pid: Any) -> object:
        return self._known[pid]


def pack(events: Sequence[Event], task: Task) -> bytes:
    """`events` of `task`, without what whoever has that task knows."""
    file = io.BytesIO()
    is_film = isinstance(task, DrawTask) and not isinstance(task.recipe.request, Still)
    Packer(file, shared(task)).dump([as_sent(event) for event in events] if is_film else events)
    return file.getvalue()


def unpack(packed: bytes, task: Task) -> Sequence[Event]:
    """The inverse of `pack`, with this side's `task`."""
    return [as_drawn(event) for event in Unpacker(io.BytesIO(packed), shared(task)).load()]


def as_sent(event: Event) -> Event:
    """`event` with its picture as a file."""
    match event:
        case ImageDone(picture=picture, png=b""):
            return replace(event, picture=replace(picture, pixels=NOTHING), png=png_of(picture.pixels))
        case KeyframeDone(pixels=pixels, png=b""):
            return replace(event, pixels=NOTHING, png=png_of(pixels))
        case _:
            return event


def as_drawn(event: Event) -> Event:
    """The inverse of `as_sent`, which keeps the file; raises `StoreError` for what was damaged on its way."""
    match event:
        case ImageDone(picture=picture, png=png) if png:
            return replace(event, picture=replace(picture, pixels=pixels_of(png)))
        case KeyframeDone(png=png) if png:
            return replace(event, pixels=pixels_of(png))
        case _:
            return event


def digest_of(events: Iterable[Event]) -> str:
    """One digest for the pixels of all pictures and keys in `events`."""
    shas: dict[str, str] = {}
    for event in events:
        if isinstance(event, ImageDone):
            shas[f"{event.picture.index}"] = event.picture.digest
        elif isinstance(event, KeyframeDone):
            shas[f"key {event.index}"] = pixel_digest(event.pixels)
        elif isinstance(event, Upscaled):
            shas[""] = pixel_digest(event.pixels)
    return piece_digest(shas)
