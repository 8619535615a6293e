"""Ctrl-C and SIGTERM as a `KeyboardInterrupt`, but never in the middle of an import.

What is raised while torch or numpy are imported aborts the process in their C++, or leaves half a module behind.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what `kill` and a system that shuts down send


def importer(frame: FrameType | None) -> FrameType | None:
    """The frame with the import statement because of which `frame` runs, the outermost if there are several."""
    found = None
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            found = frame.f_back
        frame = frame.f_back
    return found


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal: raise `KeyboardInterrupt`; in an import when that is done, unless a debugger is at work."""
    statement = importer(frame)
    if statement is None or sys.gettrace() is not None:
        raise KeyboardInterrupt

    def after_it(*_: object) -> None:
        sys.settrace(None)
        raise KeyboardInterrupt

    statement.f_trace = after_it
    sys.settrace(lambda *_: None)  # without it no frame is traced


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM raise `KeyboardInterrupt`, unless they are ignored or somebody else handles them."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    main = current_thread() is main_thread()
    ours = [sign for sign in STOPPING if main and signal.getsignal(sign) is usual[sign]]
    for sign in ours:
        signal.signal(sign, interrupt)
    try:
        yield
    finally:
        for sign in ours:
            signal.signal(sign, usual[sign])
