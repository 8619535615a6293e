"""The way from a program of the same user to the service that runs: where its door is, and how both prove who they are.

What is said at the door is JSON, which every version reads; tasks follow only where both are the same version.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, cast

LONGEST = 2**16  # bytes of what is said at the door
PATIENCE = 10.0  # seconds to wait for what a program that runs says at once

Address = str | tuple[str, int]


class NobodyThere(Exception):
    """No service runs, or none that is this user's."""


def announced(running: Path) -> dict[str, Any]:
    """What the service that runs says of itself in the file `running`; raises `NobodyThere`.

    A file that another user could have written is not believed.
    """
    try:
        if hasattr(os, "getuid") and running.stat().st_uid != os.getuid():
            raise NobodyThere
        facts = json.loads(running.read_bytes())
    except (OSError, ValueError) as error:
        raise NobodyThere from error
    if not isinstance(facts, dict):
        raise NobodyThere
    return cast(dict[str, Any], facts)


def knock(running: Path) -> Connection:
    """A line to the service that `running` speaks of, each proved to the other; raises `NobodyThere`."""
    try:
        door = announced(running)["door"]
        address, key = door["address"], bytes.fromhex(door["key"])
        connection = connected(address if isinstance(address, str) else (str(address[0]), int(address[1])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NobodyThere from error
    try:
        prove(connection, key, first=False)
    except (OSError, EOFError, AuthenticationError) as error:
        connection.close()
        raise NobodyThere from error
    return connection


def connected(address: Address) -> Connection:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.settimeout(PATIENCE)
        line.connect(address)
        line.setblocking(True)
        return Connection(line.detach())


def prove(connection: Connection, key: bytes, *, first: bool) -> None:
    """Each side shows that it knows `key`, and says it to nobody; raises `AuthenticationError`, `OSError`, `EOFError`.

    The side that was called asks `first`.
    """
    for asks in (first, not first):
        if asks:
            deliver_challenge(connection, key)
        else:
            wait_for(connection)
            answer_challenge(connection, key)


def wait_for(connection: Connection) -> None:
    """Wait until the other side says something; raises `TimeoutError`."""
    if not connection.poll(PATIENCE):
        raise TimeoutError


def say(connection: Connection, what: Mapping[str, Any]) -> None:
    connection.send_bytes(json.dumps(what).encode())


def hear(connection: Connection) -> dict[str, Any]:
    """What the other side says; raises `ValueError` for nonsense, `OSError` and `EOFError`."""
    wait_for(connection)
    said = json.loads(connection.recv_bytes(LONGEST))
    if not isinstance(said, dict):
        raise ValueError(said)
    return cast(dict[str, Any], said)
