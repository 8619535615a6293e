"""A command line to type into, in this process or in a terminal of its own, drawing flat colours without a model."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sdplay.cli.main import main
from tests.support.fakemodel import fake_model
from tests.support.patience import PATIENCE

MODULE = [sys.executable, "-m", "sdplay.cli.main"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str = ""

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


Sdplay = Callable[..., Outcome]
InTerminal = Callable[..., Outcome]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory where SDPLAY_* says only what drawing without a model takes."""
    for name in [name for name in os.environ if name.startswith("SDPLAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SDPLAY_MODEL", str(fake_model(tmp_path / "models" / "fake")))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def sdplay(here: Path, capsys: pytest.CaptureFixture[str]) -> Sdplay:
    """Type a command, in this process."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def in_terminal(here: Path) -> InTerminal:
    """Run a command in a pseudo-terminal and answer its questions: [(what it asks, what to type)]."""

    def run(
        command: Sequence[str], dialogue: Sequence[tuple[str, str]] = (), env: Mapping[str, str] | None = None
    ) -> Outcome:
        ours, theirs = pty.openpty()
        plain = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
        inherited = {name: value for name, value in os.environ.items() if name not in SHOWS_PICTURES}
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**inherited, **plain, **(env or {})},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        try:
            text = converse(ours, dialogue)
            return Outcome(process.wait(PATIENCE), text)
        finally:
            process.kill()
            process.wait()
            os.close(ours)

    return run


SHOWS_PICTURES = {"COLORTERM", "TMUX", "TERM_PROGRAM", "KITTY_WINDOW_ID", "LC_TERMINAL", "NO_COLOR"}


def converse(terminal: int, dialogue: Sequence[tuple[str, str]]) -> str:
    """Wait for each question, type its answer, and return all that was on the screen when the program ended."""
    said, heard, waiting = b"", 0, list(dialogue)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        chunk = b""
        with contextlib.suppress(OSError):  # Linux says that the other end is closed with an error
            chunk = os.read(terminal, 65536)
        if not chunk:
            break
        said += chunk
        if waiting and waiting[0][0].encode() in said[heard:]:
            heard = len(said)
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    assert not waiting, f"never asked {waiting[0][0]!r}; it said {said.decode(errors='replace')!r}"
    return said.decode().replace("\r\n", "\n")
