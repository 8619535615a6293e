"""How threads wait: chosen before torch is there, told where it is too late, and never against what was asked."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from sdplay.core.machine import A_MOMENT, ASLEEP, WAYS, Waiting

READ = "import json, os, {first}, {second}; print(json.dumps({{n: os.environ.get(n) for n in {names}}}))"


def chosen(environment: dict[str, str], loaded: tuple[str, ...] = (), *, busy: bool = False) -> dict[str, str]:
    Waiting().choose(environment, loaded, busy=busy)
    return environment


def test_a_moment_where_there_is_room_and_asleep_where_there_is_none() -> None:
    assert chosen({}) == A_MOMENT
    assert chosen({}, busy=True) == ASLEEP


@pytest.mark.parametrize("name", WAYS)
def test_what_was_asked_for_stays(name: str) -> None:
    assert chosen({name: "7"}, busy=True) == {name: "7"}


def test_where_torch_is_loaded_already_nothing_is_set_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    waiting, environment = Waiting(), dict[str, str]()
    waiting.choose(environment, ("torch",), busy=True)
    assert environment == {}
    with caplog.at_level(logging.WARNING, "sdplay"):
        waiting.tell(1)
        assert caplog.text == ""
        waiting.tell(4)
        waiting.tell(4)
    (record,) = caplog.records
    assert "its 4 threads spin" in record.getMessage()
    assert "OMP_WAIT_POLICY=PASSIVE" in record.getMessage()


@pytest.mark.parametrize(("first", "second", "is_set"), [("sdplay", "torch", True), ("torch", "sdplay", False)])
def test_importing_sdplay_is_enough_if_it_comes_first(first: str, second: str, *, is_set: bool) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in WAYS}
    script = READ.format(first=first, second=second, names=WAYS)
    said = subprocess.run([sys.executable, "-c", script], env=clean, capture_output=True, check=True).stdout
    found = {name: value for name, value in json.loads(said).items() if value is not None}
    assert found in ((A_MOMENT, ASLEEP) if is_set else ({},))
