"""Run a piece of Python in a process of its own, which finds `sdplay` and `tests` where this one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sdplay
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start `python -c code arguments…`, its output piped."""
    found = os.pathsep.join([str(ROOT), str(Path(sdplay.__file__).parents[1])])
    environment = os.environ | {"PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def run(code: str, *arguments: object) -> str:
    """What such a process prints; an `AssertionError` with its stderr where it fails."""
    process = start(code, *arguments)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out
