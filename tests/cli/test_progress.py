from __future__ import annotations

import io
import re
import sys

import pytest

from sdplay.cli.progress import Bar, Lines, Progress, Tally, progress_for
from sdplay.cli.terminal import duration
from sdplay.events import Event, Finished, ImageDone, Started, Stepped
from tests.support.recipes import picture, recipe


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


DRAWN = ImageDone(picture=picture(recipe()))


def events(steps: int = 4, total: int = 2) -> list[Event]:
    each: list[Event] = [Stepped(indices=(0,), step=step, steps=steps) for step in range(1, steps + 1)]
    pictures = [*each, DRAWN] * total
    return [Started(recipe=recipe(), total=total), *pictures, Finished(total=total, seconds=9.0)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (7.4, "0:07"), (59.9, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_tally_knows_pace_and_rest() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 50  # loading the model is no part of drawing
    for event in events(steps=4)[:5]:
        tally.count(event)
        clock.now += 0.5
    assert tally.pace == "2.0 steps/s"
    assert tally.left == "0:02"  # one of two pictures in 2.5 s
    tally.count(DRAWN)
    assert (tally.drawn, tally.step) == (1, 0)


def test_decoding_does_not_slow_the_pace_and_slow_steps_are_told_in_seconds() -> None:
    clock = Clock()
    tally = Tally(clock)
    for event in events(steps=2):
        if isinstance(event, Stepped):
            clock.now += 3
        tally.count(event)
        clock.now += 100 if isinstance(event, ImageDone) else 0
    assert tally.pace == "3.0 s/step"


def test_nothing_is_known_before_the_first_step() -> None:
    tally = Tally(Clock())
    tally.count(Started(recipe=recipe(), total=2))
    assert (tally.pace, tally.left) == ("", "")


def test_lines_tell_the_plan_and_every_picture_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.begin(recipe(num=2, steps=4), [3, 4])
    for event in events():
        lines.follow(event)
        clock.now += 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "drawing 2 pictures of 64x64 with pretend: 4 steps, euler, trailing, guidance 3, seed 10\n"
        "1/2 in 0.2 s, 1.0 steps/s, about 0:05 to go\n"
        "2/2 in 0.2 s, 1.0 steps/s\n"
    )


def test_the_bar_makes_way_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    with Bar(Clock()) as bar:
        for event in events():
            bar.follow(event)
            if event == Stepped(indices=(0,), step=4, steps=4) or isinstance(event, ImageDone):
                with bar.aside():
                    screen.write("PATH\n")
    text = screen.getvalue()
    with bar.aside():
        pass
    assert screen.getvalue() == text, "a bar that is done came back"
    assert "loading the model" in text
    assert "1/2" in text
    assert "4/4" in text
    for after in text.split("PATH\n")[1:]:
        until_the_next_bar = after.partition("pictures")[0]
        assert "\x1b[1A" not in until_the_next_bar, "the line just printed would be erased"
    drawn, erased = text.count("pictures ") + text.count("loading"), len(re.findall(r"\x1b\[2K", text))
    assert erased >= drawn
    assert text.endswith("\x1b[2K")


def test_which_progress_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(progress_for(quiet=True)) is Progress
    assert type(progress_for(quiet=False)) is Lines
    monkeypatch.setattr(sys, "stdout", Screen())
    monkeypatch.setenv("TERM", "xterm")
    assert type(progress_for(quiet=False)) is Bar
    assert type(progress_for(quiet=True)) is Progress
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(quiet=False)) is Lines
