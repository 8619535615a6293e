"""Of all who want a thing one gets it, in whatever order their steps come, whoever dies, and whatever clocks say."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdplay.files.claims import Claim, ClaimFolder, Claims, kept, this_process
from tests.support.patience import PATIENCE, wait_until

LEASE = 10.0
UNITS = ("0", "1")


class Killed(BaseException):
    """What ends a process at its next step, without a chance to tidy up."""


@dataclass
class Stage:
    """Files in memory, a true time, and processes that each do a step on the files when it is their turn."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    now: float = 0.0
    makers: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])
    wrong: list[str] = field(default_factory=list[str])


class Process:
    """Takes units and makes them known, a step at a time; its clock is `ahead` of the true time."""

    def __init__(self, stage: Stage, number: int, ahead: float) -> None:
        self.stage, self.number, self.ahead = stage, number, ahead
        self.killed = self.over = False
        self.drawn: list[str] = []
        self.held: Claim | None = None
        self._go, self._did = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._did.acquire(timeout=PATIENCE)  # it waits before its first step

    def step(self) -> None:
        """Let it do one step."""
        if not self.over:
            self._go.release()
            self._did.acquire(timeout=PATIENCE)

    def kill(self) -> None:
        self.killed = True
        self.step()

    def create(self, name: str, content: bytes) -> bool:
        self._turn()
        if name in self.stage.files:
            return False
        self.stage.files[name] = content
        self.stage.makers.setdefault(name, []).append(self.number)
        return True

    def read(self, name: str) -> bytes | None:
        self._turn()
        return self.stage.files.get(name)

    def replace(self, name: str, content: bytes) -> None:
        self._turn()
        if self.stage.makers[name] != [self.number]:
            self.stage.wrong.append(f"{self.number} wrote {name}, which {self.stage.makers[name]} made")
        self.stage.files[name] = content

    def _turn(self) -> None:
        self._did.release()
        self._go.acquire(timeout=PATIENCE)
        if self.killed:
            raise Killed

    def _run(self) -> None:
        try:
            self._go_on()
        except Killed:
            pass
        finally:
            self.over = True
            self._did.release()

    def _go_on(self) -> None:
        claims = Claims(self, f"{self.number}", LEASE, lambda: self.stage.now + self.ahead, is_dead=lambda _: False)
        while any(f"drawn {unit}" not in self.stage.files for unit in UNITS):
            for unit in UNITS:
                claim = None if self.read(f"drawn {unit}") is not None else claims.take(unit)
                if claim is None:
                    continue
                self.held = claim
                if claim.beat() and claim.beat() and self.create(f"drawn {unit}", b""):
                    self.drawn.append(unit)
                claim.end()
                self.held = None


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(0, 2)),
        st.tuples(st.just("step"), st.integers(0, 2)),
        st.tuples(st.just("step"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([1, 4, 11])),
        st.tuples(st.just("kill"), st.integers(0, 1)),  # the last one lives
    ),
    max_size=120,
)


@settings(max_examples=150)
@given(ACTIONS, st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_no_unit_is_won_twice_and_every_unit_is_won(
    actions: list[tuple[str, int]], ahead: tuple[float, float, float]
) -> None:
    stage = Stage()
    processes = [Process(stage, number, of_clock) for number, of_clock in enumerate(ahead)]
    for action, what in actions:
        if action == "wait":
            stage.now += what
        elif action == "kill":
            processes[what].kill()
        else:
            processes[what].step()
    for number in range(2):
        processes[number].kill()
    for _ in range(400):  # the last one takes over what the others left
        processes[2].step()
        stage.now += 1
    assert processes[2].over
    won = [unit for process in processes for unit in process.drawn]
    assert sorted(won) == sorted(set(won))
    assert {name for name in stage.files if name.startswith("drawn")} == {f"drawn {unit}" for unit in UNITS}
    assert all(len(makers) == 1 for makers in stage.makers.values())
    assert stage.wrong == []


@settings(max_examples=100)
@given(st.lists(st.integers(0, 2), max_size=150))
def test_nobody_loses_a_claim_while_it_lives_and_no_lease_is_over(turns: list[int]) -> None:
    stage = Stage()
    processes = [Process(stage, number, 1000.0 * number) for number in range(3)]
    for turn in turns:
        processes[turn].step()
        held = [process.held.name for process in processes if process.held is not None and not process.held.lost]
        assert len(held) == len(set(held))
    for process in processes:
        process.kill()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> ClaimFolder:
    return ClaimFolder(tmp_path)


def alive(_: dict[str, Any]) -> bool:
    return False


def test_who_comes_second_waits_until_nothing_was_heard_for_a_lease(folder: ClaimFolder) -> None:
    clock = Clock()
    first = Claims(folder, "one", LEASE).take("7")
    second = Claims(folder, "two", LEASE, clock, alive)
    assert first is not None
    assert second.take("7") is None
    clock.now = 9
    assert first.beat()
    clock.now = 11
    assert second.take("7") is None  # it heard the beat now, and waits from here on
    clock.now = 20
    assert second.take("7") is None
    clock.now = 22
    taken = second.take("7")
    assert taken is not None
    assert (taken.generation, second.holder("7")) == (2, "two")
    assert not first.beat()
    assert first.lost
    first.end()
    assert taken.beat()


def test_what_was_let_go_is_free_at_once(folder: ClaimFolder) -> None:
    first = Claims(folder, "one", LEASE).take("7")
    assert first is not None
    first.end()
    other = Claims(folder, "two", LEASE, is_dead=alive)
    assert other.holder("7") == ""
    assert other.take("7") is not None


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(folder: ClaimFolder) -> None:
    code = "import sys; from pathlib import Path; from sdplay.files.claims import *;"
    code += "assert Claims(ClaimFolder(Path(sys.argv[1])), 'dead').take('7')"
    subprocess.run([sys.executable, "-c", code, str(folder.path)], check=True, timeout=PATIENCE)
    assert Claims(folder, "two", 1e9).take("7") is not None


def test_what_a_process_of_another_machine_held_is_not(folder: ClaimFolder) -> None:
    gone = {**this_process(), "machine": "elsewhere", "pid": 2**22 + 1, "holder": "away", "token": "x", "beat": 0}
    (folder.path / "7.1").write_text(json.dumps(gone))
    assert Claims(folder, "two", 1e9).take("7") is None
    (folder.path / "8.1").write_text(json.dumps({**gone, **this_process(), "pid": 2**22 + 1}))
    assert Claims(folder, "two", 1e9).take("8") is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b'{"pid": "x", "machine": null}'])
def test_a_claim_that_cannot_be_read_counts_for_a_lease_too(folder: ClaimFolder, content: bytes) -> None:
    (folder.path / "7.1").write_bytes(content)
    clock = Clock()
    claims = Claims(folder, "two", LEASE, clock)
    assert claims.take("7") is None
    clock.now = LEASE + 1
    assert claims.take("7") is not None


def test_a_claim_is_renewed_while_something_is_done_and_free_afterwards(folder: ClaimFolder) -> None:
    def beats() -> int:
        return int(json.loads((folder.path / "7.1").read_bytes())["beat"])

    claim = Claims(folder, "one", 0.1).take("7")
    assert claim is not None
    with kept(claim, 0.1):
        wait_until(lambda: beats() > 2)
        assert not claim.lost
    assert Claims(folder, "two", 1e9).take("7") is not None


def refusing(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_claim_that_cannot_be_renewed_is_lost(folder: ClaimFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Claims(folder, "one", 0.1).take("7")
    assert claim is not None
    monkeypatch.setattr(ClaimFolder, "replace", refusing)
    with kept(claim, 0.1):
        wait_until(lambda: claim.lost)


def test_one_of_many_threads_gets_it(folder: ClaimFolder) -> None:
    taken: list[Claim] = []
    barrier = threading.Barrier(8)

    def run(number: int) -> None:
        claims = Claims(folder, str(number))
        barrier.wait()
        if (claim := claims.take("7")) is not None:
            taken.append(claim)

    start: Callable[[int], threading.Thread] = lambda number: threading.Thread(target=run, args=(number,))  # noqa: E731
    threads = [start(number) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
