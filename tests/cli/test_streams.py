from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sdplay.cli.streams import SteadyStream, as_utf8
from sdplay.images.own import read_own
from sdplay.requests.txt2img import Txt2Img
from tests.support.commandline import MODULE


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash, where `$SDPLAY` is the command."""
    env = os.environ | {"SDPLAY": " ".join(MODULE)} | environment
    return subprocess.run(["bash", "-c", line], capture_output=True, check=False, env=env)


@pytest.mark.parametrize(
    ("line", "code", "pictures"),
    [
        ("$SDPLAY 'a cat' -n 3 >&-", 0, 3),
        ("$SDPLAY 'a cat' -n 3 2>&-", 0, 3),
        ("$SDPLAY 'a cat' -n 3 <&- >&- 2>&-", 0, 3),
        ("$SDPLAY 'a cat' -n 3 2>/dev/full", 0, 3),
        ("$SDPLAY 'a cat' -n 3 >/dev/full", 4, 3),
        ("$SDPLAY 'a cat' -n 40 | head -1; exit ${PIPESTATUS[0]}", 0, 40),
        ("$SDPLAY --help | head -1; exit ${PIPESTATUS[0]}", 0, 0),
        ("$SDPLAY --help >/dev/full", 4, 0),
        ("$SDPLAY models >/dev/full", 4, 0),
        ("$SDPLAY models >&- 2>&-", 0, 0),
        ("$SDPLAY plan animate 'a cat' --max-frames 3 >/dev/full", 4, 0),
        ("$SDPLAY --nonsense 2>/dev/full", 2, 0),
    ],
)
def test_a_terminal_that_went_away_loses_no_picture(here: Path, line: str, code: int, pictures: int) -> None:
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert len(list(here.glob("images/*.png"))) == pictures
    assert b"should not happen" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_a_film_goes_on_without_a_terminal(here: Path) -> None:
    done = shell("$SDPLAY animate 'a cat' --max-frames 4 --steps 2 -o film >/dev/full 2>&-")
    assert done.returncode == 4
    assert len(list((here / "film" / "frames").glob("*.png"))) == 4
    assert list((here / "film").glob("video.*"))


def test_a_prompt_is_utf8_whatever_the_locale(here: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell("$SDPLAY 'кот 🐶 ü' -q", **plain)
    assert done.returncode == 0, done.stderr
    request = read_own(here / done.stdout.decode().strip())[0].recipe.request
    assert isinstance(request, Txt2Img)
    assert request.prompt == "кот 🐶 ü"


def test_what_is_not_utf8_stays() -> None:
    assert as_utf8(["a", "ü", "\udcc3\udcbc", "\udcff.png"]) == ["a", "ü", "ü", "\udcff.png"]


def test_a_steady_stream_writes_until_it_cannot(tmp_path: Path) -> None:
    with open(tmp_path / "out.txt", "w") as inner:
        stream = SteadyStream(inner)
        assert stream.write("one") == 3
        stream.flush()
    assert stream.error is None
    assert (tmp_path / "out.txt").read_text() == "one"
    assert stream.name == str(tmp_path / "out.txt")
    with open("/dev/full", "w") as full:
        lost = SteadyStream(full)
        lost.writelines(["x" * 10_000, "y" * 10_000])
        lost.flush()
        assert isinstance(lost.error, OSError)
        assert lost.write("more") == 4


SIGNALLED = """
import os, runpy, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore it

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Interrupting())
sys.argv = ["sdplay", "a cat"]
runpy.run_module("sdplay", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["sdplay.cli.main", "click", "sdplay.cli.outcome", "pydantic", "sdplay.studio", "numpy"]
)
def test_stopped_while_something_is_imported_it_says_no_error(here: Path, module: str, number: int) -> None:
    code = SIGNALLED.format(module=module, number=int(number))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr.strip() in {"", "stopped"}
    assert not list(here.rglob("*.png"))


@pytest.mark.parametrize("module", ["torch.nn", "sdplay.networks.unet"])
def test_stopped_while_the_built_in_model_is_loaded_it_says_no_error(
    here: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.delenv("SDPLAY_EXECUTOR")
    monkeypatch.setenv("SDPLAY_MODEL", "builtin")
    code = SIGNALLED.format(module=module, number=int(signal.SIGINT))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last in {"stopped", "stopped; 0 of 1 pictures are kept in images"}
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr
    assert not list(here.rglob("*.png"))


LOST = """
import os, signal, sys
from sdplay.executors.fake import FakeExecutor

signal.signal(signal.SIGINT, signal.default_int_handler)

class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # until the signal is handled, in here
            pass

run = FakeExecutor.run
def loading(self, task):
    Dropping()
    yield from run(self, task)

FakeExecutor.run = loading
from sdplay.cli.main import main
sys.argv = ["sdplay", "a cat", "-n", "3"]
sys.exit(main())
"""


def test_an_interrupt_that_a_destructor_swallows_is_not_forgotten(here: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "Exception ignored" in done.stderr  # that is how Python drops it
    assert done.stderr.strip().splitlines()[-1] == "stopped; 0 of 3 pictures are kept in images"
    assert not list(here.rglob("*.png"))
