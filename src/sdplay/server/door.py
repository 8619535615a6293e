"""Where programs of the same user come in, above all the command line: they draw with the warm model, and write their
files themselves.

A socket in the service's folder, or on the loopback where its path would be too long; each side proves that it has
read `running.json`, which only its owner can read.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sdplay.core.machine import Machine
from sdplay.events import Event
from sdplay.executors.door import Address, hear, prove, say
from sdplay.executors.fingerprint import Fingerprint, difference, fingerprint
from sdplay.executors.line import Order, serve
from sdplay.executors.shared import SharedExecutor
from sdplay.requests.base import Request

LONGEST_PATH = 100  # bytes; systems allow 104 to 108
MOST = 64  # programs at a time
IMPATIENCE = 60.0  # seconds that a program may leave an event unanswered (stopped by Ctrl-Z, say)
TURN = 1.0  # seconds between two words that say it is not one's turn yet


class Door:
    """Lets programs draw with `executor`; `status` says how the service is, and `stop` begins to end it."""

    def __init__(
        self, path: Path, executor: SharedExecutor, status: Callable[[], dict[str, Any]], stop: Callable[[], None]
    ) -> None:
        self._executor, self._status, self._stop = executor, status, stop
        self._fingerprint: Fingerprint = fingerprint()
        self._key = secrets.token_bytes(32)
        self._places = threading.BoundedSemaphore(MOST)
        self._socket, self._address = listening(path)

    @property
    def facts(self) -> Mapping[str, Any]:
        """How to come in, for `running.json`."""
        return {"address": self._address, "key": self._key.hex()}

    def open(self) -> None:
        threading.Thread(target=self._receive, name="door", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more; who is inside goes on until the executor is closed."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for programs
        self._socket.close()
        if isinstance(self._address, str):
            Path(self._address).unlink(missing_ok=True)

    def _receive(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:  # closed
                return
            line.setblocking(True)
            connection = Connection(line.detach())
            if self._places.acquire(blocking=False):
                threading.Thread(target=self._attend, args=(connection,), name="at the door", daemon=True).start()
            else:
                connection.close()

    def _attend(self, connection: Connection) -> None:
        """Hear what a program wants, and do it."""
        try:
            with closing(connection), suppress(OSError, EOFError, ValueError, AuthenticationError):
                prove(connection, self._key, first=True)
                said = hear(connection)
                if said.get("what") == "draw":
                    why = self._why_not(said)
                    say(connection, {"why": why})
                    if not why:
                        serve(connection, self._do, IMPATIENCE)
                elif said.get("what") in {"status", "stop"}:
                    say(connection, self._status())
                    if said["what"] == "stop":
                        self._stop()
        finally:
            self._places.release()

    def _why_not(self, said: Mapping[str, Any]) -> str:
        """Why a program has to draw by itself; empty where the service draws the same bits for it."""
        if not self._executor.is_here:
            return "draws on other machines"
        if why := difference(self._fingerprint, said["fingerprint"]):
            return why
        if said["workers"] > self._executor.workers:
            return f"draws in {self._executor.workers} process{'es' if self._executor.workers > 1 else ''}"
        return ""

    def _do(self, order: Order) -> Generator[Event, None, Machine | None]:
        if isinstance(order.what, Request):
            return self._executor.detect_machine(order.what)
        yield from self._executor.run(order.what, order.folder, urgent=True, patience=TURN)
        return None


def listening(path: Path) -> tuple[socket.socket, Address]:
    """A socket that listens at `path`, which a service before may have left, or on the loopback; and its address."""
    if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= LONGEST_PATH:
        path.unlink(missing_ok=True)
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.bind(str(path))
        unix.listen(MOST)
        return unix, str(path)
    loopback = socket.create_server(("127.0.0.1", 0), backlog=MOST)
    return loopback, loopback.getsockname()
