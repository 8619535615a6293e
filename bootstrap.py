"""Make `python run.py` work where there is Python and nothing else: a virtual environment beside it, filled once.

Standard library only: it runs before anything is installed, under whatever Python is there.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
TORCH = "torch==2.13.0"
NEEDED = (
    *("torch", "tokenizers", "huggingface_hub", "safetensors"),
    *("numpy", "PIL", "pydantic", "click", "rich", "yaml", "av", "sdplay"),
)
MARK = "SDPLAY_BOOTSTRAPPED"  # set for the second run, which must not start a third


def ensure(root: Path) -> None:
    """Return if this Python has all that sdplay needs; else start the same command line with that of `.venv`."""
    lacking = missing()
    if not lacking:
        return
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"error: this needs Python 3.11 or newer, and this is {found}: {sys.executable}")
    python = venv_python(root)
    if os.environ.get(MARK):
        sys.exit(f"error: {python.parent.parent} still lacks {', '.join(lacking)}\n  → delete it and run this again")
    if not is_complete(python):
        install(root, python)
    start_again(python)


def missing() -> list[str]:
    """The packages that this Python lacks; nothing is imported to find out."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def venv_python(root: Path) -> Path:
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_complete(python: Path) -> bool:
    """Whether the Python there lacks nothing; sdplay is installed last, so a set-up that was cut short is seen."""
    question = "import bootstrap, sys; sys.exit(bool(bootstrap.missing()))"
    here = Path(__file__).parent
    return python.exists() and subprocess.run([str(python), "-c", question], cwd=here, check=False).returncode == 0


def set_up(root: Path, python: Path, torch_index: str = "") -> list[list[str]]:
    """The commands that fill `.venv`: torch first and alone, so that nothing after it picks another build."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    constrained = [*pip, "-c", str(root / "requirements" / "constraints.txt")]
    index = ["--extra-index-url", torch_index] if torch_index else []
    return [
        [sys.executable, "-m", "venv", str(root / ".venv")],
        [*constrained, *index, TORCH],
        [*constrained, "-e", str(root)],
    ]


def install(root: Path, python: Path) -> None:
    print(f"Setting up {root / '.venv'}, once: about 1.2 GB and two minutes.", file=sys.stderr, flush=True)
    for command in set_up(root, python, os.environ.get("TORCH_INDEX", "")):
        code = subprocess.run(command, check=False).returncode
        if code:
            sys.exit(
                f"error: setting up failed (exit code {code}): {' '.join(command)}\n  → run this again to try again"
            )


def start_again(python: Path) -> None:
    """Run the same command line with `python`; does not return."""
    command = [str(python), *sys.argv]
    os.environ[MARK] = "1"
    if os.name == "nt":  # there `execv` would hand the prompt back before the program ends
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)
