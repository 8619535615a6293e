"""Where a service keeps what it must not lose: one folder, held by one service at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.files.atomic import HIDDEN, TEMPORARY, replace_file
from sdplay.files.lock import locked
from sdplay.library.library import RUNNING, SERVICE

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class ServiceHome:
    """The folder of a service, which its processes work in: paths in requests are relative to it, so no answer names a
    folder of this computer.
    """

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "queue.db"

    @property
    def marks(self) -> Path:
        """Stars and ratings once more, should the database be damaged."""
        return self.folder / "marks.jsonl"

    @property
    def pictures(self) -> Path:
        return Path("pictures")

    @property
    def films(self) -> Path:
        return Path("films")

    @property
    def uploads(self) -> Path:
        return Path("uploads")

    @property
    def thumbnails(self) -> Path:
        """Can be deleted at any time: they are made again."""
        return Path("thumbnails")

    @property
    def running(self) -> Path:
        """How programs of the same user reach the service that runs; only its owner can read it."""
        return self.folder / RUNNING

    @property
    def door(self) -> Path:
        """Where programs of the same user come in: a socket."""
        return self.folder / "door"

    @property
    def log(self) -> Path:
        """What a service in the background says."""
        return self.folder / "serve.log"

    @property
    def lock(self) -> Path:
        return self.folder / "service.lock"

    def prepare(self) -> None:
        for folder in (self.pictures, self.films, self.uploads):
            (self.folder / folder).mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        os.chmod(self.folder, PRIVATE)

    def sweep(self) -> None:
        """Take away what a killed service left half-written; nobody else writes here while the folder is held."""
        for part in (self.pictures, self.uploads):
            for folder, _, names in os.walk(self.folder / part):
                for name in names:
                    if name.endswith(TEMPORARY) or (name.startswith(".") and HIDDEN.fullmatch(name)):
                        Path(folder, name).unlink(missing_ok=True)

    def absolute(self) -> ServiceHome:
        return ServiceHome(self.folder.absolute())

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the folder; raises `BadRequest` if another service does."""
        self.prepare()
        with locked_for_service(self):
            self.sweep()
            yield

    def announce(self, facts: dict[str, Any]) -> None:
        """Write `running.json`, which others may not read."""
        replace_file(self.running, json.dumps(facts).encode())
        os.chmod(self.running, 0o600)

    def withdraw(self) -> None:
        with suppress(OSError):
            self.running.unlink()


@contextmanager
def locked_for_service(home: ServiceHome) -> Generator[None]:
    try:
        with locked(home.lock):
            yield
    except BadRequest as error:
        if error.field != "job":
            raise
        at = f" at {url}" if (url := address(home)) else ""
        raise BadRequest(
            f"a service is {error.reason} on this folder{at}",
            field="SDPLAY_HOME",
            value=str(home.folder),
            hint="end it with sdplay serve `stop`, or choose another folder with SDPLAY_HOME",
        ) from None


def address(home: ServiceHome) -> str:
    """The address of the service that runs; empty if it does not say, because it only starts."""
    from sdplay.executors.door import NobodyThere, announced

    try:
        return str(announced(home.running)["url"])
    except (NobodyThere, KeyError):
        return ""


def service_home(home: Path) -> ServiceHome:
    """The folder of the service below `home`, the folder of this user's data (`library.home_of`)."""
    return ServiceHome(home / SERVICE)
