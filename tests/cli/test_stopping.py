"""Ctrl-C and SIGTERM end a run, whatever it is doing; an import is finished first."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sdplay.cli.stopping import STOPPING

SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore it
sys.path.insert(0, {folder!r})
from sdplay.cli.outcome import run_safely

def action():
    import half
    print("whole", half.WHOLE, flush=True)
    time.sleep(60)
    return 0

code = run_safely(action)
print("code", code, "whole", sys.modules["half"].WHOLE, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.parametrize("sign", STOPPING)
def test_a_signal_in_an_import_is_heard_when_the_import_is_done(sign: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text(f"import signal\nsignal.raise_signal({int(sign)})\nWHOLE = 7\n")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(folder=str(tmp_path))], capture_output=True, text=True, timeout=120
    )
    assert ran.stdout.splitlines()[-1] == "code 3 whole 7 True", ran
    assert ran.stderr == "stopped\n"


def test_elsewhere_it_is_heard_at_once() -> None:
    script = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sdplay.cli.outcome import run_safely\n"
        "def action():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('too far')\n"
        "    return 0\n"
        "raise SystemExit(run_safely(action))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "", "stopped\n")
