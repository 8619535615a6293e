"""What the work will run on, as data: the answer of a look at the machine, or what a recipe says it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import MemoryFailed

LEAST_ADDRESS_SPACE = 3 * 2**29  # bytes that torch and its libraries map
STATM = Path("/proc/self/statm")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`device` as torch names it; `dtype` the format its networks should run in; `threads` 0 on a GPU."""

    device: str
    dtype: str
    threads: int


def memory_available(meminfo: Path = MEMINFO) -> int | None:
    """Bytes of main memory that programs may still take without pushing others out; None if unknown."""
    return _amount("MemAvailable:", meminfo)


def memory_total(meminfo: Path = MEMINFO) -> int | None:
    """Bytes of main memory; None if unknown."""
    return _amount("MemTotal:", meminfo)


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
