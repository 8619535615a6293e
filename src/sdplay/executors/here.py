"""Draw in this process, where no service does; and where one that runs would be found."""

from __future__ import annotations

from sdplay.core.machine import check_address_space
from sdplay.tasks import Executor

SERVICE, RUNNING = "service", "running.json"  # its folder in that of the user's data, and the file with what it says


def in_this_process() -> Executor:
    """What draws here; loads torch, so it is made when something is drawn. Raises `MemoryFailed`."""
    check_address_space()
    from sdplay.executors.inline import InlineExecutor

    return InlineExecutor()
