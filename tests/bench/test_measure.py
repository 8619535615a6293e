"""What is made of the figures: medians, ratios, the clock that is believed, and what is advised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sdplay.bench.advice import advice
from sdplay.bench.contestant import Drawn, Start
from sdplay.bench.measure import Report, report
from sdplay.bench.plan import QUALITIES, STOCK, Way

TORCH, OPENVINO, PEER = Way(who="torch"), Way(who="openvino"), Way(who=STOCK)
FAST = Way(who="torch", quality="fast")


def drawn(*walls: float, cpu: float = 1.0) -> Sequence[Drawn]:
    """Pictures of so many seconds, in the share `cpu` of which one thread computed."""
    return [Drawn(wall=wall, cpu=wall * cpu, step=wall / 10, memory=100) for wall in walls]


def told(ways: dict[Way, Sequence[Drawn]], start: float = 1.0, psnr: float = 38.4, **left_out: str) -> Report:
    starts = {TORCH: Start(wall=start, cpu=start), OPENVINO: Start(wall=9.0, cpu=9.0)}
    return report(ways, starts, dict.fromkeys(ways, psnr), 0.1, left_out)


def test_ratios_are_those_of_the_medians_and_of_each_round() -> None:
    found = told({TORCH: drawn(1.0, 2.0, 4.0), PEER: drawn(2.0, 6.0, 4.0)})
    assert (found.peer, found.clock, found.busy) == (STOCK, "wall", False)
    assert found.rows[0].wall == 2.0
    assert found.rows[0].ratio == (2.0, 1.0, 3.0)
    assert found.rows[1].ratio == (1.0, 1.0, 1.0)
    assert found.rows[1].start is None


def test_without_a_peer_the_first_way_is_it() -> None:
    found = told({TORCH: drawn(2.0), FAST: drawn(1.0)})
    assert (found.peer, found.rows[1].ratio[0]) == ("torch, exact", 2.0)


def test_on_a_busy_computer_the_clock_of_the_cpu_is_believed_and_that_is_said() -> None:
    ways = {TORCH: drawn(4.0, cpu=0.5), PEER: drawn(4.0, cpu=0.7), Way(who="torch", threads=1): drawn(1.0, cpu=0.5)}
    found = told(ways)
    assert (found.clock, found.busy) == ("CPU", True)
    assert found.rows[0].ratio[0] == pytest.approx(1.4)
    lines = list(advice(found))
    assert "busy" in lines[0]
    assert "50%" in lines[0]
    assert "threads: which number is best cannot be told on a busy computer" in lines


def lines_of(ways: dict[Way, Sequence[Drawn]], **told_more: Any) -> str:
    return "\n".join(advice(told(ways, **told_more)))


def test_an_engine_is_advised_if_it_gains() -> None:
    gains = lines_of({TORCH: drawn(3.0), OPENVINO: drawn(1.5)})
    assert "`engine=openvino` is 2.0 times faster than torch here; the start to its first picture took 9 s" in gains
    assert "leave it at torch" in lines_of({TORCH: drawn(2.0), OPENVINO: drawn(2.5)})
    assert "engine" not in lines_of({TORCH: drawn(2.0)})


def test_qualities_are_told_with_what_they_cost() -> None:
    assert "`quality=fast` with torch is 2.5 times faster, 38 dB from the exact picture" in lines_of(
        {TORCH: drawn(5.0), FAST: drawn(2.0)}
    )


def test_another_number_of_threads_is_advised_if_it_gains() -> None:
    one, four = Way(who="torch", threads=1), Way(who="torch", threads=4)
    assert "`OMP_NUM_THREADS=4` in the environment is 2.0 times faster" in lines_of(
        {TORCH: drawn(2.0), one: drawn(3.0), four: drawn(1.0)}
    )
    assert "the usual number is right; 1 and 4 gained nothing" in lines_of(
        {TORCH: drawn(2.0), one: drawn(3.0), four: drawn(2.0)}
    )


def test_a_service_is_advised_where_starting_takes_long() -> None:
    assert "sdplay serve" in lines_of({TORCH: drawn(0.5)}, start=3.0)
    assert "sdplay serve" not in lines_of({TORCH: drawn(2.0)}, start=3.0)


def test_what_was_left_out_is_said() -> None:
    assert "peer was not measured: it is not installed" in lines_of({TORCH: drawn(1.0)}, peer="it is not installed")


def test_the_presets_are_all_measured() -> None:
    assert QUALITIES == ("exact", "fast", "draft")
