"""What the work will run on, as data; how much memory it has; and how the threads of torch wait for each other."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import MemoryFailed

# Read once, when torch's OpenMP is loaded: by every runtime, by that of GNU, and by that of Intel and LLVM.
WAYS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
A_MOMENT = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}  # tens of microseconds; milliseconds
LEAST_ADDRESS_SPACE = 3 * 2**29  # bytes that torch and its libraries map
STATM = Path("/proc/self/statm")
MEMINFO = Path("/proc/meminfo")
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`device` as torch names it; `dtype` the format its networks should run in; `threads` 0 on a GPU; `engines` what
    runs networks there; `beside_int8` the format of what is not in int8, where networks should run in that.
    """

    device: str
    dtype: str
    threads: int
    engines: tuple[str, ...] = ("torch",)
    beside_int8: str = "float32"


def memory_available(meminfo: Path = MEMINFO) -> int | None:
    """Bytes of main memory that programs may still take without pushing others out; None if unknown."""
    return _amount("MemAvailable:", meminfo)


def memory_total(meminfo: Path = MEMINFO) -> int | None:
    """Bytes of main memory; None if unknown."""
    return _amount("MemTotal:", meminfo)


def memory_peak(status: Path = STATUS) -> int | None:
    """The most memory in bytes that this process has had; None if unknown."""
    return _amount("VmHWM:", status)


def _amount(name: str, meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith(name)), None)
    return int(found.split()[1]) * 1024 if found is not None else None


def check_address_space(least: int = LEAST_ADDRESS_SPACE) -> None:
    """Raise `MemoryFailed` if this process may take less than `least` more bytes (`ulimit -v`).

    Whoever loads torch asks first: with less its libraries end the process without a word.
    """
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        used = int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # other systems
        return
    if limit != resource.RLIM_INFINITY and limit - used < least:
        raise MemoryFailed(
            f"this process may take {limit / 2**30:.1f} GB of memory, "
            f"and drawing takes {(used + least) / 2**30:.1f} GB",
            hint="raise the limit: `ulimit -v unlimited`, or that of its container or service",
        )


class Waiting:
    """How the threads of torch wait in this process; it changes no bit.

    By themselves they spin for milliseconds. On a computer that is busy with something else, one of them is then always
    waited for by others that take a whole core each, and a picture takes a hundred times longer. Asleep at once, waking
    them costs more than the work between two waits, and an idle computer takes twice as long. So they spin for a
    moment, and not at all where as many programs run already as there are cores.
    """

    def __init__(self) -> None:
        self._too_late = False

    def choose(self, environment: MutableMapping[str, str], loaded: Container[str], *, busy: bool) -> None:
        """Set how a torch that is not among the `loaded` modules yet will wait. Whoever has said that already in
        `environment` is left alone.
        """
        if any(name in environment for name in WAYS):
            return
        self._too_late = "torch" in loaded
        if not self._too_late:
            environment.update(ASLEEP if busy else A_MOMENT)

    def tell(self, threads: int) -> None:
        """Say once, to the log, that so many threads spin because torch was loaded before this program."""
        if self._too_late and threads > 1:
            self._too_late = False
            import logging

            logging.getLogger("sdplay").warning(
                "torch was loaded before sdplay, so its %d threads spin while they wait: on a busy computer pictures "
                "take many times longer. Import sdplay first, or set OMP_WAIT_POLICY=PASSIVE.",
                threads,
            )


waiting = Waiting()


def choose_waiting() -> None:
    """What `import sdplay` does, before anything loads torch."""
    waiting.choose(os.environ, sys.modules, busy=is_busy())


def is_busy() -> bool:
    """Whether, in the last minute, as many programs ran as this computer has cores."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] >= (os.cpu_count() or 1)
