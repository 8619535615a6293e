"""What the machine has, and what this process took of it."""

from __future__ import annotations

import sys
from pathlib import Path


def memory_available() -> int:
    """Bytes that programs may still take without pushing others out; 0 where the system does not say."""
    path = Path("/proc/meminfo")
    if not path.is_file():
        return 0
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("MemAvailable:")]
    return int(line.split()[1]) * 1024


def peak_memory() -> int:
    """The most bytes that this process ever held, pages of mapped files included.

    Where there is no /proc, that may be what the process held that started this one, if it was more.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
