"""Programs of others that look for what is wrong with a server: schemathesis, and a checker of local image servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service

BIN = Path(sys.executable).parent
# What the description says of a field is true, but not all of it: which samplers there are, say, so that what keeps to
# it may be refused all the same.
MORE_IS_CHECKED = "positive_data_acceptance"
ENDLESS = "events$"  # they are read in tests of their own
# Their longest values have hundreds of megabytes.
JOBS = "/(jobs|draw|plan|explain|curves|motion|draft|live|control_map|settings/write)$"


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("listening"), "--listen", "--token", "t" * 30) as service:
        yield service


def schemathesis(service: RunningService, folder: Path, *options: str) -> None:
    """Run it; an `AssertionError` with what it says where it finds something."""
    done = subprocess.run(
        [
            *(BIN / "schemathesis", "run", f"{service.url}/api/v1/openapi.json", "--seed", "1", "--no-color"),
            *("--exclude-checks", MORE_IS_CHECKED, "--request-timeout", "100"),
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}{done.stderr[-2000:]}"


def test_every_value_at_its_edges(service: RunningService, tmp_path: Path) -> None:
    schemathesis(service, tmp_path, "--phases", "coverage", "--exclude-path-regex", f"{JOBS}|{ENDLESS}")


def test_any_values_of_jobs(service: RunningService, tmp_path: Path) -> None:
    schemathesis(service, tmp_path, "--phases", "fuzzing", "--max-examples", "12", "--include-path-regex", JOBS)


@pytest.mark.parametrize("which", ["service", "listening"])
def test_checker_of_image_servers_finds_nothing(which: str, request: pytest.FixtureRequest) -> None:
    service: RunningService = request.getfixturevalue(which)
    command = [sys.executable, "-m", "ligsp", "check", service.url, "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["summary"]
    assert (done.returncode, found["fail"]) == (0, 0), done.stdout
    # That others can reach one that listens is what was asked for, and what it warns of; its page asks for the token.
    assert (found["warn"], found["unknown"]) == ((0, 0) if which == "service" else (1, 1)), done.stdout
