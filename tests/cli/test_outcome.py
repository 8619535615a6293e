from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from sdplay.cli.outcome import STOPPING, run_safely
from sdplay.core import errors
from tests.support.commandline import MODULE


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            errors.BadRequest("is odd", field="--steps", value=3, hint="even"),
            2,
            "error: --steps = 3: is odd\n  → even\n",
        ),
        (errors.ModelBroken("no unet"), 1, "error: no unet\n"),
        (errors.Stopped("stopped"), 3, "stopped\n"),
        (errors.DiskFull("full"), 4, "error: full\n"),
        (click.UsageError("No such thing."), 2, "error: no such thing.\n  → `sdplay --help` lists what there is\n"),
        (click.ClickException("Odd"), 1, "error: odd\n"),
        (click.Abort(), 3, "stopped\n"),
        (KeyboardInterrupt(), 3, "stopped\n"),
        (EOFError(), 2, "error: the input ended before every question was answered\n"),
        (
            OSError(28, "No space left on device", "a.txt"),
            4,
            "error: 'a.txt': no space left on device\n  → make room and give the same command again\n",
        ),
    ],
)
def test_each_error_has_its_code_and_its_words(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("SDPLAY_DEBUG", raising=False)
    assert run_safely(raising(error)) == code
    assert capsys.readouterr() == ("", said)


def test_the_code_of_an_action_is_passed_on() -> None:
    assert run_safely(lambda: 7) == 7


def test_what_nobody_expected_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDPLAY_DEBUG", raising=False)
    assert run_safely(raising(ZeroDivisionError("by zero\nsecond line"))) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError: by zero\n  → run it again with SDPLAY_DEBUG=1" in said
    assert "Traceback" not in said
    assert "second line" not in said


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_DEBUG", "1")
    assert run_safely(raising(errors.ModelBroken("no unet"))) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(here: Path) -> None:
    process = subprocess.Popen([*MODULE, "samplers"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert said == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_one_line(here: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*MODULE, "samplers"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert "could not be written: no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
def test_paths_that_are_no_utf_8_are_printed_as_they_are(here: Path) -> None:
    done = subprocess.run(
        [*map(str.encode, MODULE), b"cat", b"-q", b"--out", b"odd\xff"], capture_output=True, check=True
    )
    assert done.stdout.startswith(b"odd\xff/00000-")


STOPPED_IN_AN_IMPORT = """
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
        [sys.executable, "-c", STOPPED_IN_AN_IMPORT.format(folder=str(tmp_path))],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.splitlines()[-1] == "code 3 whole 7 True", ran
    assert ran.stderr == "stopped\n"


def test_elsewhere_it_is_heard_at_once() -> None:
    script = (
        "import signal\n"
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
