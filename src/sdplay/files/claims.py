"""Who works on what, in a folder that several machines share: each thing has one holder, and a dead one loses it.

A claim is a file NAME.GENERATION. One generation is made once, by a hard link or by exclusive creation, which shared
file systems do for one of several processes alone. Nothing is ever renamed or deleted, so nobody can take away what
somebody else just took. The holder writes its claim anew from time to time (`beat`). Whoever sees the same content for
a whole lease, *by its own clock and since it first looked*, may make the next generation; from then on every beat of
the one before fails. So clocks of machines are never compared, and a holder that was only asleep learns that it lost.
What a machine's own dead processes held is taken over at once.

Two processes can still be at work on one thing for a while: a lease is a guess. What they make must be made known in
one step that works once; that is what keeps it right, and the claims only keep it from being done twice.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from sdplay.files.atomic import replace_file, write_once
from sdplay.files.regular import read_regular

LEASE = 120.0  # seconds; longer than file systems of networks keep what they know of a folder
BEATS = 5  # in a lease
SMALLEST_REST = 0.02  # seconds between two beats


class ClaimFiles(Protocol):
    """Where claims are: `create` makes a file unless it exists, and says whether it did; the rest may be done again."""

    def create(self, name: str, content: bytes) -> bool: ...

    def read(self, name: str) -> bytes | None: ...

    def replace(self, name: str, content: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class ClaimFolder:
    """The claims in the folder `path`, which exists. Raises `OSError`, and `DiskFull` or `StoreError`."""

    path: Path

    def create(self, name: str, content: bytes) -> bool:
        made = write_once(content, self.path / name)
        return made or self.read(name) == content  # a request that was sent twice fails, though the first was heard

    def read(self, name: str) -> bytes | None:
        try:
            return read_regular(self.path / name)
        except FileNotFoundError:
            return None

    def replace(self, name: str, content: bytes) -> None:
        replace_file(self.path / name, content, durable=False)


@dataclass(slots=True)
class Claim:
    """What somebody holds; `lost` once another has taken it over, or it could not be renewed."""

    files: ClaimFiles
    name: str
    generation: int
    holder: dict[str, Any]
    beats: int = 0
    lost: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def beat(self) -> bool:
        """Renew the claim; False where it is lost."""
        with self._lock:
            if self.lost or self.files.read(file_name(self.name, self.generation + 1)) is not None:
                self.lost = True
                return False
            self.beats += 1
            self._write()
            return True

    def end(self) -> None:
        """Let others have it at once."""
        with self._lock:
            if not self.lost:
                self.lost = True
                self._write(ended=True)

    def _write(self, **more: Any) -> None:
        self.files.replace(file_name(self.name, self.generation), content_of(self.holder, self.beats, **more))


class Claims:
    """Takes claims for `holder`, a name that people read, and for this process.

    `lease` is after how many seconds without a beat, by `clock`, a holder counts as dead.
    """

    def __init__(
        self,
        files: ClaimFiles,
        holder: str,
        lease: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
        is_dead: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        self._files, self.lease, self._clock = files, lease, clock
        self._holder = {"holder": holder, **this_process(), "token": secrets.token_hex(8)}
        self._is_dead = is_dead if is_dead is not None else is_dead_here
        self._seen: dict[str, tuple[int, bytes, float]] = {}

    def take(self, name: str) -> Claim | None:
        """The claim of `name`; None where somebody else holds it, or was faster."""
        generation, content = self._newest(name)
        if content is not None and not self._is_free(name, generation, content):
            return None
        made = file_name(name, generation + 1)
        if not self._files.create(made, content_of(self._holder, 0)):
            return None
        return Claim(self._files, name, generation + 1, self._holder)

    def holder(self, name: str) -> str:
        """Who holds `name`, as far as that can be seen; "" for nobody."""
        _, content = self._newest(name)
        said = read_content(content or b"")
        return "" if said.get("ended") else str(said.get("holder", ""))

    def _newest(self, name: str) -> tuple[int, bytes | None]:
        generation, content = 0, None
        while (following := self._files.read(file_name(name, generation + 1))) is not None:
            generation, content = generation + 1, following
        return generation, content

    def _is_free(self, name: str, generation: int, content: bytes) -> bool:
        said = read_content(content)
        if said.get("ended") or self._is_dead(said):
            return True
        now, seen = self._clock(), self._seen.get(name)
        if seen is None or seen[:2] != (generation, content):
            self._seen[name] = (generation, content, now)
            return False
        return now - seen[2] > self.lease


@contextmanager
def kept(claim: Claim, lease: float) -> Generator[None]:
    """Renew `claim` while something is done inside, from a thread of its own; at the end let others have it.

    A claim that cannot be renewed, since the disk is full or gone, counts as lost.
    """
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(max(lease / BEATS, SMALLEST_REST)) and claim.beat():
                pass
        except Exception:  # whatever the disk says, somebody else may take it over from now on
            claim.lost = True

    thread = threading.Thread(target=renew, name=f"claim of {claim.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with suppress(OSError):  # it ends by itself after a lease
            claim.end()


def file_name(name: str, generation: int) -> str:
    return f"{name}.{generation}"


def content_of(holder: dict[str, Any], beats: int, **more: Any) -> bytes:
    return json.dumps({**holder, "beat": beats, **more}).encode() + b"\n"


def read_content(content: bytes) -> dict[str, Any]:
    """What a claim says; nothing, where it is not written yet or cannot be read."""
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return cast(dict[str, Any], said) if isinstance(said, dict) else {}


def this_process() -> dict[str, Any]:
    """Where this process runs: its number says something to processes with the same `machine` alone."""
    return {"machine": machine(), "pid": os.getpid()}


def machine() -> str:
    """The name of this machine, and what sets apart its starts, and the containers on it that count processes anew."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return " ".join(parts)


def is_dead_here(said: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine that is gone; False where that cannot be known."""
    if said.get("machine") != machine() or os.name == "nt":
        return False
    try:
        os.kill(int(said["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, KeyError, ValueError, TypeError):
        return False
    return False
