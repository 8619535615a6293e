"""Run many command lines, each in a process of its own that starts warm: a fork of one that has imported all it needs.

A hang is killed and reported, memory is capped, and what a command leaves in its folder is listed.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

LIMIT = 20  # seconds of processor time that a command may take before it counts as a hang
ASLEEP = 10.0  # seconds with next to no processor time after which it hangs too: it waits for what never comes
NEXT_TO_NONE = 10  # clock ticks: what threads spend that look now and then whether it came
MEMORY = 6 << 30  # bytes of address space


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code (-9 where it hung and was killed) and its words."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A command to run: arguments (lone surrogates stand for bytes that are not UTF-8), folder, added environment."""

    argv: Sequence[str]
    folder: str
    env: Mapping[str, str]


class Forks:
    """Where commands are run."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.fuzz.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )

    def run(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> Ran:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(asdict(Typed(argv, str(folder), env))), file=self._server.stdin, flush=True)
        return Ran(**json.loads(self._server.stdout.readline()))

    def close(self) -> None:
        self._server.communicate()


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """Forks that end with the block."""
    server = Forks()
    try:
        yield server
    finally:
        server.close()


def serve() -> None:
    """Answer one line of JSON with another until the input ends."""
    from sdplay.cli.main import COMMANDS

    for module, _ in COMMANDS.values():
        import_module(f"sdplay.cli.{module}")
    for module in ("PIL.Image", "numpy", "pydantic", "sdplay.studio"):
        import_module(module)
    for line in sys.stdin:
        print(json.dumps(asdict(run_forked(Typed(**json.loads(line))))), flush=True)


def run_forked(typed: Typed) -> Ran:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            become(typed, out.fileno(), err.fileno())
        code = wait_for(child)
        texts: list[str] = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(1 << 20).decode(errors="replace"))
        return Ran(code, *texts)


def become(typed: Typed, out: int, err: int) -> None:
    """Be the command: never returns."""
    code = 99  # no exit code of ours: an exception came out of `main`
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.environ.update(typed.env)
        os.chdir(typed.folder)
        from sdplay.cli.main import main

        code = main(list(typed.argv))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:
        with contextlib.suppress(Exception):
            print(f"came out of main: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def wait_for(child: int) -> int:
    """Its exit code; killed once it has slept too long (the kernel ends one that computes too long)."""
    spent, since = 0, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        now = processor_time(child)
        if now > spent + NEXT_TO_NONE or not is_asleep(child):
            spent, since = now, time.monotonic()
        elif time.monotonic() - since > ASLEEP:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        time.sleep(0.002)


def processor_time(child: int) -> int:
    """Clock ticks that the process has spent, all its threads together."""
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_asleep(child: int) -> bool:
    """Whether it waits for something; one that could run but is not let is not at fault."""
    return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] in {"S", "D"}


if __name__ == "__main__":
    serve()
