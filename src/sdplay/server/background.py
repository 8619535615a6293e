"""A service without a terminal: started, asked how it is, and ended by other commands of its owner."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.executors.door import NobodyThere, announced, hear, knock, say
from sdplay.files.lock import locked
from sdplay.server.home import ServiceHome

LOOK = 0.05  # seconds between two looks at whether it is there, or gone
LONGEST_END = 60.0  # seconds in which a service that was asked to end has ended
LONGEST_LOG = 2**20  # bytes after which the next service begins a new one
LAST_WORDS = 2000  # characters of the log that are read for why it did not start


class NotStarted(SdplayError):
    """The service ended before it answered; `code` is its exit code."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.exit_code = code


def start(home: ServiceHome, flags: Sequence[str]) -> dict[str, Any]:
    """Start `sdplay serve` with `flags` in the background, and wait until it answers; what it says of itself.

    Raises `NotStarted` with its last words.
    """
    home.prepare()
    is_long = home.log.exists() and home.log.stat().st_size > LONGEST_LOG
    with home.log.open("wb" if is_long else "ab") as log:
        begun = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "sdplay", "serve", *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
        )
    while process.poll() is None:
        facts = answering(home)
        if facts is not None and facts["pid"] == process.pid:
            return facts
        time.sleep(LOOK)
    raise NotStarted(last_words(home.log, begun), process.returncode or 1)


def answering(home: ServiceHome) -> dict[str, Any] | None:
    """What the service that runs says of itself once it answers; None before."""
    try:
        facts = announced(home.running)
        return {**facts, **ask(home, "status")} if facts.get("answers") else None
    except NobodyThere:
        return None


def ask(home: ServiceHome, what: str) -> dict[str, Any]:
    """Ask the service that runs for its "status", or to "stop"; its status. Raises `NobodyThere`."""
    try:
        with closing(knock(home.running)) as door:
            say(door, {"what": what})
            return hear(door)
    except (OSError, EOFError, ValueError) as error:
        raise NobodyThere from error


def stop(home: ServiceHome) -> bool:
    """End the service that runs, and wait until it has ended; False if none runs. Raises `SdplayError` if it stays."""
    if not is_held(home):
        return False
    deadline, asked = time.monotonic() + LONGEST_END, False
    while is_held(home):
        if not asked:
            with suppress(NobodyThere):  # it only starts, or ends already
                ask(home, "stop")
                asked = True
        if time.monotonic() > deadline:
            raise SdplayError("the service does not end", hint=f"end its process: {home.lock.read_text().strip()}")
        time.sleep(LOOK)
    return True


def is_held(home: ServiceHome) -> bool:
    """Whether a service runs on this folder."""
    if not home.lock.exists():
        return False
    try:
        with locked(home.lock):
            return False
    except BadRequest:
        return True


def last_words(log: Path, begun: int) -> str:
    """What the log says from byte `begun` on, at the end: why a service did not start."""
    with log.open("rb") as file:
        file.seek(max(begun, os.fstat(file.fileno()).st_size - LAST_WORDS))
        said = file.read().decode(errors="replace").strip()
    return said or "the service ended without a word"
