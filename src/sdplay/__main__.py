"""`python -m sdplay` is `sdplay`."""

from __future__ import annotations

import sys

from sdplay.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
