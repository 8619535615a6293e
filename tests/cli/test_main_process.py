"""The command spares its own process the garbage collector; as a function in another program it leaves it alone."""

from __future__ import annotations

import gc

import pytest

from sdplay.cli.main import GC_THRESHOLDS, main
from tests.support import child

AS_A_COMMAND = """
import gc, json, sys
from sdplay.cli.main import main
sys.argv = ["sdplay", "--version"]
before = gc.get_threshold()
code = main()
after, frozen = gc.get_threshold(), gc.get_freeze_count()
print(json.dumps([code, before == after, after, gc.isenabled(), frozen > 1000]))
"""


def test_the_command_collects_rarely_and_nothing_at_its_end() -> None:
    version, told = child.run(AS_A_COMMAND).splitlines()
    assert version.startswith("sdplay ")
    assert told == f"[0, false, {list(GC_THRESHOLDS)}, true, true]"


def test_as_a_function_it_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    assert main(["--version"]) == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_process_that_fails_ends_as_quickly() -> None:
    code = """
import gc
from sdplay.cli.main import short_lived
try:
    with short_lived():
        raise RuntimeError
except RuntimeError:
    print(gc.get_freeze_count() > 0)
"""
    assert child.run(code).strip() == "True"
