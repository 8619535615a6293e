"""Live drawing: the newest request of a session is drawn at once and answered, older ones are given up, none is kept.

What is drawn is what a job with the same request draws, by the same executor: who wants to keep a picture hands in the
request, with its seed, as a job.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Any

from sdplay.core.errors import BadRequest, RenderFailed, SdplayError
from sdplay.core.machine import Machine
from sdplay.events import Event, ImageDone
from sdplay.executors.shared import SharedExecutor
from sdplay.images.picture import Picture
from sdplay.jobs.resolve import random_seed
from sdplay.library.library import Library
from sdplay.requests.base import Request
from sdplay.requests.given import PictureInMemory
from sdplay.requests.recipe import count
from sdplay.requests.request import STILLS
from sdplay.requests.stills import Still
from sdplay.server.clients import Limits, check_limits, client_request
from sdplay.server.records import Upload
from sdplay.server.uploads import MEDIA, checked_picture
from sdplay.studio import Studio
from sdplay.tasks import Task

LOOK = 0.05  # seconds between two looks at whether it is still wanted, while all that can draw is busy
ADDRESS = "data:"
MOST_SESSIONS = 1000


class Superseded(SdplayError):
    """Somebody asked for something newer."""


class Turn:
    """One request of a session, which may be given up at any time."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def give_up(self) -> None:
        self._over.set()

    def check(self) -> None:
        """Raise `Superseded` if it was given up."""
        if self._over.is_set():
            raise Superseded("something newer was asked for", field="session", hint="take the newest answer")


class UrgentExecutor:
    """Draws with `executor` before everything that waits, and says while it waits itself."""

    def __init__(self, executor: SharedExecutor) -> None:
        self._executor = executor

    @property
    def workers(self) -> int:
        return self._executor.workers

    def detect_machine(self, request: Request) -> Machine:
        return self._executor.detect_machine(request)

    def run(self, task: Task) -> Generator[Event, None, None]:
        return self._executor.run(task, urgent=True, patience=LOOK)

    def close(self) -> None:
        """Nothing: the executor is somebody else's."""


class Live:
    """Draws what sessions ask for, for each its newest request alone."""

    def __init__(
        self, executor: SharedExecutor, library: Library, limits: Limits, find_upload: Callable[[str], Upload | None]
    ) -> None:
        self._studio = Studio(UrgentExecutor(executor), library=library)
        self._limits, self._find_upload = limits, find_upload
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._lock = threading.Lock()

    def turn(self, session: str) -> Turn:
        """The turn of the newest request of `session`; the one before is given up."""
        turn = Turn()
        with self._lock:
            before = self._turns.pop(session, None)
            self._turns[session] = turn
            if len(self._turns) > MOST_SESSIONS:
                self._turns.popitem(last=False)
        if before is not None:
            before.give_up()
        return turn

    def draw(self, turn: Turn, mode: str, fields: Mapping[str, Any]) -> Picture:
        """The first picture of a request of `mode` with a client's `fields`; pictures in it may be data addresses.

        Raises `Superseded`, `BadRequest` and its kinds, and `SdplayError`.
        """
        if mode not in STILLS:
            raise BadRequest("is no mode of single pictures", field="mode", value=mode, hint=", ".join(STILLS))
        given = {"seed": random_seed(), **{name: value for name, value in fields.items() if value is not None}}
        turn.check()
        request = client_request(mode, given, self._upload)
        assert isinstance(request, Still)
        resolved = self._studio.resolve(request)
        check_limits(resolved.recipe, count(resolved.recipe), self._limits, film=False)
        with closing(self._studio.run(resolved, [0])) as events:
            for event in events:
                if isinstance(event, ImageDone):
                    return event.picture
                turn.check()
        raise RenderFailed("no picture came")

    def _upload(self, name: str) -> Upload | None:
        """A picture in a data address as an upload that is nowhere on the disk; else the upload with that id."""
        if not name.startswith(ADDRESS):
            return self._find_upload(name)
        content = content_of(name)
        if len(content) > self._limits.upload:
            raise BadRequest(f"is larger than {self._limits.upload // 2**20} MB", field="image", value=len(content))
        kind, (width, height) = checked_picture(content, self._limits)
        file = PictureInMemory.of(content)
        digest = sha256(content).hexdigest()[:32]
        return Upload(id=digest, file=file, media_type=MEDIA[kind], width=width, height=height, created=time.time())


def content_of(address: str) -> bytes:
    """The file in a data address; raises `BadRequest`."""
    head, _, body = address.partition(",")
    if not head.endswith(";base64"):
        raise BadRequest("is no picture in base64", field="image", hint='write "data:image/png;base64,…"')
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("is no picture in base64", field="image", hint='write "data:image/png;base64,…"') from None
