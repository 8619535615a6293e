"""Programs of others, too large for our environment: each in an environment of its own, made anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

LONGEST = 1500  # seconds that an installation may take
LAST_LINES = 3


def python_with(folder: Path, *packages: str) -> Path:
    """The Python of an environment in `folder` with these packages; skips the test where they cannot be had."""
    done(sys.executable, "-m", "venv", str(folder))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def node_with(folder: Path, *packages: str) -> Path:
    """Node.js, for scripts in `folder`, where these packages are; skips the test where they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node or npm is not here")
    folder.mkdir(parents=True, exist_ok=True)
    done(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *packages)
    return Path(node)


def done(*command: str) -> None:
    """Run a command; skips the test with its last words where it fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} took too long")
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip().splitlines()[-LAST_LINES:]
        pytest.skip(f"cannot be installed here: {' '.join(said)}")


def said(program: Path, script: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What `script` prints; an `AssertionError` with all it said where it fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SDPLAY_", "PYTHON"))}
    ended = subprocess.run(
        [program, script, *arguments],
        cwd=script.parent,
        env=inherited | dict(env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
