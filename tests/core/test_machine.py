"""How much memory a process may take is known before torch is loaded."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from sdplay.cli.outcome import tell
from sdplay.core import machine
from sdplay.core.errors import MemoryFailed
from sdplay.core.machine import check_address_space, memory_available, memory_total
from tests.support.commandline import MODULE
from tests.support.patience import PATIENCE

ONE_GIGABYTE = 1_000_000 * 1024  # as `ulimit -v 1000000` has it


@pytest.mark.parametrize(("limit", "refused"), [(10**9, True), (10**11, False), (resource.RLIM_INFINITY, False)])
def test_a_process_that_may_not_take_enough_is_told(
    limit: int, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "statm").write_text("10000 1 1 1 0 1 0\n")
    monkeypatch.setattr(machine, "STATM", tmp_path / "statm")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    if not refused:
        check_address_space()
        return
    with pytest.raises(MemoryFailed, match=r"may take 0\.9 GB of memory, and drawing takes 1\.5 GB") as caught:
        check_address_space()
    assert "ulimit" in caught.value.hint
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [(["a red apple"], 1), (["--help"], 0), (["models"], 0), (["plan", "dream", "a", "b", "--num", "3"], 0)],
)
def test_in_a_process_that_may_take_one_gigabyte(words: list[str], code: int, tmp_path: Path) -> None:
    """What needs no model works, and what does says in one line why not: `ulimit -v 1000000`."""
    done = subprocess.run(
        [*MODULE, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ONE_GIGABYTE, ONE_GIGABYTE)),
    )
    assert done.returncode == code, done.stderr
    if code:
        reason, hint = done.stderr.splitlines()
        assert reason.startswith("error: this process may take 1.0 GB of memory, and drawing takes ")
        assert "raise the limit" in hint
        assert done.stdout == ""
        assert list(tmp_path.iterdir()) == []
    else:
        assert done.stderr == ""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_system_that_gives_no_memory_is_told_in_a_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(error) == 1
    said = capsys.readouterr().err
    assert "there is too little memory" in said
    assert "should not happen" not in said


def test_memory_of_the_machine(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    assert (memory_total(meminfo), memory_available(meminfo)) == (None, None)
    meminfo.write_text("MemTotal:       2048 kB\nMemFree: 7 kB\nMemAvailable:   1024 kB\n")
    assert (memory_total(meminfo), memory_available(meminfo)) == (2 * 2**20, 2**20)
