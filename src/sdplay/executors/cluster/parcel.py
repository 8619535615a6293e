"""Events on their way from a worker: what both sides have already is not sent, but named."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Sequence
from typing import Any

from sdplay.events import Event, ImageDone, KeyframeDone, Upscaled
from sdplay.executors.audit import piece_digest
from sdplay.images.picture import pixel_digest
from sdplay.tasks import DrawTask, Task


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
    Packer(file, shared(task)).dump(events)
    return file.getvalue()


def unpack(packed: bytes, task: Task) -> Sequence[Event]:
    """The inverse of `pack`, with this side's `task`."""
    return Unpacker(io.BytesIO(packed), shared(task)).load()


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
