"""Answer HTTP requests until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from sdplay.server.http.app import make_app
from sdplay.server.http.policy import Access
from sdplay.server.hub import Hub
from sdplay.server.service import Service

__all__ = ["Access", "serve_http"]

GRACE = 5  # seconds that answers may still take when the service ends
STOPPING = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Ends when it is told to, and lets the program go on to its own end: uvicorn's own raises the signal again.

    Listeners are let go first: their answers have no end that could be waited for.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.end()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        before = {number: signal.signal(number, self.handle_exit) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve_http(service: Service, access: Access, listening: socket.socket, started: Callable[[], None]) -> None:
    """Answer at the socket `listening`; `started` is called once requests are answered."""
    config = uvicorn.Config(
        make_app(service, access),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
        lifespan="on",
    )
    server = Server(config, service.hub)

    def tell() -> None:
        while not server.started:
            time.sleep(0.01)
        started()

    threading.Thread(target=tell, daemon=True).start()
    server.run(sockets=[listening])
