"""Processes that answer orders in lines: what they say, how they end, and that they are ended."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from sdplay.bench.contestant import Contestant, Drawn
from sdplay.bench.worker import main
from sdplay.core.errors import RenderFailed

ANSWERS = """
import json, sys
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps({"wall": 2.0, "cpu": order["cpu"], "step": 0.1, "memory": 7, "cpu_since_start": 3.0}), flush=True)
"""


def test_an_order_is_answered() -> None:
    with Contestant("one", [sys.executable, "-c", ANSWERS]) as one:
        start, first = one.first(cpu=1.5)
        assert start.cpu == 3.0
        assert start.wall > 0
        assert first == Drawn(wall=2.0, cpu=1.5, step=0.1, memory=7)
        assert one.draw(cpu=0.5).cpu == 0.5


def test_the_last_words_of_one_that_ends_are_its_reason() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such model\\nnowhere')"]
    with Contestant("one", command) as one, pytest.raises(RenderFailed, match="one ended: nowhere"):
        one.draw(cpu=1)


def test_one_that_says_nothing_is_told_by_its_exit_code() -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with Contestant("one", command) as one, pytest.raises(RenderFailed, match="exit code 3"):
        one.draw()


def test_it_is_ended_whatever_it_does() -> None:
    asleep = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with Contestant("one", [sys.executable, "-c", asleep]) as one:
        assert one._process.stdout is not None
        number = int(one._process.stdout.readline())
        os.kill(number, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_worker_draws_what_it_is_told(tiny: Path, tmp_path: Path) -> None:
    fields = {"prompt": "a cat", "model": str(tiny), "steps": 3, "seed": 1, "width": 64, "height": 64}
    orders = [json.dumps({"fields": fields, "threads": 0, "file": str(tmp_path / f"{n}.png")}) for n in range(2)]
    answers = io.StringIO()
    main(io.StringIO("\n".join(orders)), answers)
    told = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert len(told) == 2
    assert all(one["wall"] > one["step"] > 0 and one["cpu_since_start"] >= one["cpu"] for one in told)
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
