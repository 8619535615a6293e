from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from sdplay.cli.deliver import MOST_SHOWN, Delivery, Done, Interrupt, deliver, no_empty_folder, one_at_a_time
from sdplay.cli.progress import Progress
from sdplay.core.errors import Stopped
from sdplay.core.event import Event
from sdplay.core.request import Txt2Img, ask
from sdplay.jobs.executors.fake import FakeExecutor
from sdplay.studio import Settled, Studio
from tests.cli.conftest import MODULE, InTerminal

IN_COLOUR = {"COLORTERM": "truecolor"}


@pytest.fixture
def settled(here: Path) -> Settled:
    model = str(here.parent / "models" / "fake")
    with Studio(FakeExecutor()) as studio:
        return studio.settle(ask(Txt2Img, prompt="a cat", num=4, seed=7, steps=2, model=model))


class Presses(Progress):
    """Presses Ctrl-C at the given events."""

    def __init__(self, moments: Sequence[int]) -> None:
        self._moments, self._seen = moments, -1

    def follow(self, event: Event) -> None:
        self._seen += 1
        if self._seen in self._moments:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def listening() -> object:
    """Ctrl-C as in a terminal, whatever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# The events of two steps a picture: 0 Started, 1 2 Stepped, 3 Drawn, 4 FrameDone, 5 6 Stepped, 7 Drawn, 8 FrameDone …
@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(("moment", "kept"), [(0, 0), (1, 0), (3, 1), (4, 1), (5, 1), (7, 2), (12, 3)])
def test_ctrl_c_stops_at_the_next_event_and_keeps_what_is_drawn(
    settled: Settled, capsys: pytest.CaptureFixture[str], moment: int, kept: int
) -> None:
    with Studio(FakeExecutor()) as studio, pytest.raises(Stopped) as caught:
        deliver(studio, settled, range(4), Delivery(out=Path("images")), Presses([moment]))
    assert caught.value.reason == f"stopped; {kept} of 4 pictures are kept in images"
    go_on = f"to go on, run the same command with --seed {7 + kept} --num {4 - kept}"
    assert caught.value.hint == (go_on if kept else "")
    assert len(capsys.readouterr().out.splitlines()) == kept
    assert len(list(Path("images").glob("*"))) == kept
    assert Path("images").exists() == bool(kept)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("listening")
def test_what_stopped_goes_on_to_the_same_pictures(settled: Settled) -> None:
    with Studio(FakeExecutor()) as studio:
        done = Done(settled=settled, indices=range(4), out=None, drawn=3)
        rest = studio.settle(settled.recipe.request.model_copy(update={"seed": 10, "num": 1}))
    assert "--seed 10 --num 1" in done.how_to_go_on()
    assert rest.recipe.seed == settled.recipe.seed + 3


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


def test_one_at_a_time_changes_the_tile_and_nothing_else(settled: Settled) -> None:
    from dataclasses import replace

    wide = replace(settled, recipe=replace(settled.recipe, numerics=replace(settled.recipe.numerics, tile=4)))
    assert one_at_a_time(wide) == settled


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
    assert "no terminal" in outcome.err
    assert "\x1b" not in outcome.out
