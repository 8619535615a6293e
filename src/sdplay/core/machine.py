"""What the work will run on, as data: the answer of a look at the machine, or what a recipe says it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`device` as torch names it; `dtype` the format its networks should run in; `threads` 0 on a GPU."""

    device: str
    dtype: str
    threads: int


def memory_available(meminfo: Path = MEMINFO) -> int | None:
    """Bytes of main memory that programs may still take without pushing others out; None if unknown."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    available = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(available.split()[1]) * 1024 if available is not None else None
