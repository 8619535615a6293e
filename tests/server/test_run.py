"""How a service listens."""

from __future__ import annotations

import socket

from sdplay.server.run import bound


def test_answers_go_at_once() -> None:
    """asyncio sets TCP_NODELAY on connections that say they are TCP, as those of this socket do."""
    with bound("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
