"""The harness takes turns, and its ratios and errors are what they say."""

from __future__ import annotations

import sys
from itertools import count

import numpy as np
import pytest

from benchmarks.measure import Timings, alternate, alternate_processes, psnr, ratio, relative_l2


def test_contestants_take_turns_after_one_warm_up_each() -> None:
    called: list[str] = []
    alternate([lambda: called.append("a"), lambda: called.append("b")], rounds=3)
    assert "".join(called) == "ab" + "ababab"


def test_only_the_contestant_itself_is_timed() -> None:
    ticks = count()
    first, second = alternate([lambda: None, lambda: next(ticks)], rounds=2, clock=lambda: float(next(ticks)))
    assert first.seconds == (1.0, 1.0)
    assert second.seconds == (2.0, 2.0)


def test_the_ratio_is_of_the_medians_with_the_extremes_of_the_rounds() -> None:
    found = ratio(ours=Timings((1.0, 2.0, 4.0)), peer=Timings((3.0, 5.0, 4.0)))
    assert (found.value, found.low, found.high) == (2.0, 1.0, 3.0)
    assert str(found) == "2.00× (1.00..3.00)"


def test_seconds_of_a_round_can_be_shared_among_its_pictures() -> None:
    assert Timings((8.0, 4.0, 2.0)).divided(4).median == 1.0


def test_psnr_of_equal_pictures_is_infinite_and_of_one_grey_level_48_db() -> None:
    picture = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(picture, picture) == float("inf")
    assert psnr(picture + 1, picture) == pytest.approx(48.13, abs=0.01)
    assert psnr(picture - 1, picture) == pytest.approx(48.13, abs=0.01)


def test_relative_l2_is_measured_against_the_reference() -> None:
    assert relative_l2(np.array([3.0, 5.0]), np.array([3.0, 4.0])) == pytest.approx(0.2)


def test_a_process_that_fails_says_why() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such folder')"]
    with pytest.raises(RuntimeError, match="no such folder"):
        alternate_processes([lambda: command], 1, {})


def test_processes_are_timed_on_both_clocks() -> None:
    """Each is asked for more of its clock than a start of Python takes, and looks at that clock itself."""
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    idle = "import time; time.sleep(0.6)"
    commands = [lambda code=code: [sys.executable, "-S", "-c", code] for code in (busy, idle)]
    (working,), (sleeping,) = alternate_processes(commands, 1, {})
    assert sleeping.wall >= 0.6
    assert working.cpu > 0.59  # what the system counts for a child is rounded
    assert sleeping.cpu < 0.59
