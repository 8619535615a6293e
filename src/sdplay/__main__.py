"""`python -m sdplay` is `sdplay`; stopped while it still starts, it ends at once and without a word."""

from __future__ import annotations

import os
import signal
import sys

STOPPED = 3


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    waiting = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in waiting.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(STOPPED))
    from sdplay.cli.main import main

    for number, handler in waiting.items():
        signal.signal(number, handler)
    return main()


if __name__ == "__main__":
    sys.exit(main())
