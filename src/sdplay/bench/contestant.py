"""A process that draws when it is told to, and says what that took: ours with one engine, or the stock pipeline.

Orders and answers are lines of JSON on its stdin and stdout. Only one contestant works at a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sdplay.core.errors import RenderFailed

PEER = Path(__file__).with_name("peer.py")
LONGEST_COMPLAINT = 160  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a picture took: seconds on the clock and of CPU time, those of a step (the median; of the network alone if
    it was asked at every step), and the most memory that the process had so far, in bytes (0 if unknown).
    """

    wall: float
    cpu: float
    step: float
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """From the start of the process to its first picture: seconds on the clock and of CPU time."""

    wall: float
    cpu: float


class Contestant:
    """The process `command`; `name` is how it is called. Leaving the context ends it, whatever it does.

    Raises `RenderFailed` with its last words when it ends by itself.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self._command = name, command

    def __enter__(self) -> Self:
        self._complaints = tempfile.TemporaryFile()
        self._begun = time.perf_counter()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
            start_new_session=True,  # Ctrl-C is for the program that started it
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            with suppress(OSError):  # what was not sent any more
                if stream is not None:
                    stream.close()

    def first(self, **order: Any) -> tuple[Start, Drawn]:
        """Draw the first picture; what the start took includes it."""
        drawn, answer = self._drawn(order)
        return Start(wall=time.perf_counter() - self._begun, cpu=answer["cpu_since_start"]), drawn

    def draw(self, **order: Any) -> Drawn:
        return self._drawn(order)[0]

    def _drawn(self, order: Mapping[str, Any]) -> tuple[Drawn, dict[str, Any]]:
        answer = self._ask(order)
        values = {name: answer[name] for name in ("wall", "cpu", "step", "memory")}
        return Drawn(**values), answer

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            raise RenderFailed(f"{self.name} ended: {self._last_words()}") from None

    def _last_words(self) -> str:
        """The last line that it wrote to stderr."""
        self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:LONGEST_COMPLAINT] if lines else f"exit code {self._process.returncode}"


def ours(name: str) -> Contestant:
    """This program as a contestant."""
    return Contestant(name, [sys.executable, "-m", "sdplay.bench.worker"])


def stock() -> Contestant:
    """The stock pipeline of diffusers, which knows nothing of this program: not even how its threads should wait."""
    return Contestant("stock diffusers", [sys.executable, str(PEER)])
