from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sdplay.cli.deliver import MOST_SHOWN, Delivery, PictureReport
from sdplay.cli.follow import Interrupt, follow, no_empty_folder
from sdplay.cli.outcome import STOPPING
from sdplay.cli.progress import Progress
from sdplay.core.errors import Stopped
from sdplay.events import Event
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import ResolvedRequest, Studio
from tests.support.commandline import MODULE, InTerminal, Sdplay
from tests.support.patience import PATIENCE

IN_COLOUR = {"COLORTERM": "truecolor"}


@pytest.fixture
def resolved(here: Path) -> ResolvedRequest:
    model = str(here.parent / "models" / "fake")
    with Studio(FakeExecutor()) as studio:
        return studio.resolve(make_request(Txt2Img, prompt="a cat", num=4, seed=7, steps=2, model=model))


class Presses(Progress):
    """Presses Ctrl-C, or sends another signal, at the given events."""

    def __init__(self, moments: Sequence[int], sign: signal.Signals = signal.SIGINT) -> None:
        self._moments, self._seen, self._sign = moments, -1, sign

    def follow(self, event: Event) -> None:
        self._seen += 1
        if self._seen in self._moments:
            signal.raise_signal(self._sign)


@pytest.fixture
def listening() -> object:
    """Ctrl-C as in a terminal, whatever started the tests, and SIGTERM as `run_safely` has it."""
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in STOPPING}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


# The events of two steps a picture:
# 0 Started, 1 2 Stepped, 3 ImageDone, 4 ImageSaved, 5 6 Stepped, 7 ImageDone, 8 ImageSaved …
@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("sign", STOPPING)
@pytest.mark.parametrize(("moment", "kept"), [(0, 0), (1, 0), (3, 1), (4, 1), (5, 1), (7, 2), (12, 3)])
def test_ctrl_c_stops_at_the_next_event_and_keeps_what_is_drawn(
    resolved: ResolvedRequest, capsys: pytest.CaptureFixture[str], moment: int, kept: int, sign: signal.Signals
) -> None:
    with Studio(FakeExecutor()) as studio:
        report = PictureReport(studio, resolved, range(4), Delivery(out=Path("images")))
        report.progress = Presses([moment], sign)
        with pytest.raises(Stopped) as caught:
            follow(report)
    assert caught.value.reason == f"stopped; {kept} of 4 pictures are kept in images"
    go_on = f"to go on, run the same command with --seed {7 + kept} --num {4 - kept}"
    assert caught.value.hint == (go_on if kept else "")
    assert len(capsys.readouterr().out.splitlines()) == kept
    assert len(list(Path("images").glob("*"))) == kept
    assert Path("images").exists() == bool(kept)
    assert signal.getsignal(sign) is signal.default_int_handler


def test_a_kill_while_drawing_ends_with_3_and_keeps_what_is_finished(here: Path) -> None:
    command = [*MODULE, "a cat", "-n", "5000", "--steps", "50", "--seed", "7", "--out", "kept"]
    with Path("err").open("w") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()  # not `communicate`, which forgets what `readline` has read ahead
        assert process.wait(PATIENCE) == 3
    kept, err = (first + rest).decode().splitlines(), Path("err").read_text()
    assert f"stopped; {len(kept)} of 5000 pictures are kept in kept" in err
    assert f"--seed {7 + len(kept)} --num {5000 - len(kept)}" in err
    assert sorted(map(str, Path("kept").iterdir())) == kept
    assert [read_own(Path(path))[0].recipe.seed for path in kept] == [7] * len(kept)


def test_a_kill_before_drawing_ends_with_3(here: Path) -> None:
    program = (
        "import os, signal; from sdplay.cli.outcome import run_safely\n"
        "raise SystemExit(run_safely(lambda: os.kill(os.getpid(), signal.SIGTERM) or signal.pause()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "stopped\n")


@pytest.mark.usefixtures("listening")
def test_what_stopped_goes_on_to_the_same_pictures(resolved: ResolvedRequest) -> None:
    with Studio(FakeExecutor()) as studio:
        done = PictureReport(studio, resolved, range(4), Delivery(out=None))
        done.drawn = 3
        rest = studio.resolve(resolved.recipe.request.model_copy(update={"seed": 10, "num": 1}))
    assert "--seed 10 --num 1" in done.how_to_go_on()
    assert rest.recipe.seed == resolved.recipe.seed + 3


@pytest.mark.usefixtures("listening")
def test_a_second_ctrl_c_does_not_wait() -> None:
    with Interrupt() as interrupt:
        interrupt.listen()
        signal.raise_signal(signal.SIGINT)
        interrupt.listen()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert interrupt.asked


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            interrupt.listen()
            signal.raise_signal(signal.SIGINT)
        assert not interrupt.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("file", "left"), [(None, ["old"]), ("old/new/file", ["old", "old/new", "old/new/file"])])
def test_folders_made_for_nothing_go_and_others_stay(file: str | None, left: list[str]) -> None:
    def fail() -> None:
        with no_empty_folder(Path("old/new/newer")):
            Path("old/new/newer").mkdir(parents=True)
            if file is not None:
                Path(file).touch()
            raise ValueError("full")

    Path("old").mkdir()
    with pytest.raises(ValueError, match="full"):
        fail()
    assert sorted(map(str, Path().rglob("*"))) == left


def test_little_memory_is_planned_and_said(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--low-memory", "--seed", "7", "--size", "64x600")
    numerics = read_own(outcome.paths[0])[0].recipe.numerics
    assert (numerics.tile, numerics.attention_slice, numerics.decode_tile) == (1, True, 512)
    assert "Plan: one picture at a time, 64x600, " in outcome.err
    assert "attention one head at a time; decoded in tiles of 512 px" in outcome.err
    small = sdplay("a cat", "--low-memory", "--size", "512")
    assert "decoded whole (512 px is one tile)" in small.err
    assert "Plan:" not in sdplay("a cat").err
    assert "Plan:" not in sdplay("a cat", "--low-memory", "--quiet").err


def test_what_was_drawn_in_little_memory_is_drawn_so_again(sdplay: Sdplay, here: Path) -> None:
    (path,) = sdplay("a cat", "--low-memory", "--seed", "7").paths
    model = str(here.parent / "models" / "fake")
    assert sdplay("verify", str(path), "--model", model).code == 0
    assert "Plan: one picture at a time" in sdplay("again", str(path), "--model", model).err


def test_a_terminal_shows_bar_picture_path_and_seed(in_terminal: InTerminal) -> None:
    outcome = in_terminal([*MODULE, "a cat", "--seed", "7"], env=IN_COLOUR)
    assert outcome.code == 0
    order = [
        outcome.out.index(part) for part in ("▀", "images/00000-7.png", "1 picture in ", "--seed 7 draws it again")
    ]
    assert order == sorted(order)
    assert "step " in outcome.out


@pytest.mark.parametrize(
    ("flags", "env", "shown"),
    [
        ([], IN_COLOUR, "▀"),
        ([], {"TERM": "xterm-kitty"}, "\x1b_G"),
        ([], {"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337"),
        ([], {}, None),
        (["--show"], {}, "▀"),
        (["--no-show"], IN_COLOUR, None),
        (["--quiet"], IN_COLOUR, None),
        (["--json"], IN_COLOUR, None),
        (["--quiet", "--show"], IN_COLOUR, "▀"),
        (["-n", str(MOST_SHOWN + 1)], IN_COLOUR, None),
        (["-n", str(MOST_SHOWN + 1), "--show"], IN_COLOUR, "▀"),
    ],
)
def test_pictures_are_shown_where_that_makes_sense(
    in_terminal: InTerminal, flags: list[str], env: dict[str, str], shown: str | None
) -> None:
    outcome = in_terminal([*MODULE, "a cat", *flags], env=env)
    assert outcome.code == 0
    for sign in ("▀", "\x1b_G", "\x1b]1337"):
        assert (sign in outcome.out) == (sign == shown)


@pytest.mark.usefixtures("here")
def test_show_without_a_terminal_says_so_and_spoils_nothing(sdplay) -> None:
    outcome = sdplay("a cat", "--show")
    assert "not a terminal" in outcome.err
    assert "\x1b" not in outcome.out
