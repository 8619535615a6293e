"""A service in the background: it answers when the command returns, is found by others, and ends when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.gated import gated_service
from tests.support.patience import PATIENCE, wait_until
from tests.support.service import environment


def serve(home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sdplay", "serve", *flags],
        env=environment(home, fake=True) | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert serve(tmp_path, "--stop").returncode == 0


def test_it_answers_is_found_refuses_a_second_and_ends(home: Path) -> None:
    begun = serve(home, "--background", "--port", "0", "--host-name", "here", "--host-name", "there")
    assert begun.returncode == 0, begun.stderr
    (url,) = re.findall(r"sdplay answers at (http://127\.0\.0\.1:\d+)\n", begun.stdout)
    with urlopen(f"{url}/api/v1/status", timeout=PATIENCE) as answer:
        pid = json.load(answer)["pid"]
    assert os.getsid(pid) == pid  # no terminal's end ends it
    status = serve(home, "--status")
    assert status.returncode == 0
    assert url in status.stdout
    assert f"pid {pid}" in status.stdout
    for again in (["--background", "--port", "0"], ["--port", "0"]):
        second = serve(home, *again)
        assert second.returncode == 2
        assert url in second.stderr
        assert "--stop" in second.stderr
    assert serve(home, "--stop").stdout == "the service has ended\n"
    with pytest.raises(URLError):
        urlopen(url, timeout=PATIENCE)
    assert not (home / "service" / "running.json").exists()
    assert (serve(home, "--stop").stdout, serve(home, "--status").returncode) == ("no service runs\n", 1)


def test_why_it_does_not_start_is_said(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for flags in ([], ["--background"]):
            refused = serve(home, "--port", str(port), *flags)
            assert refused.returncode == 2
            assert f"port = {port}: cannot be used" in refused.stderr
            assert refused.stdout == ""
    assert serve(home, "--background", "--stop").returncode == 2


def test_what_takes_too_long_is_given_up_and_done_after_the_next_start(tmp_path: Path) -> None:
    with gated_service(tmp_path) as gated, gated.gate("endless"):
        job = gated.service.submit(prompt="endless", num=2, seed=3)
        wait_until(lambda: gated.events("endless"))
        assert gated.service.stop() == 0
    with gated_service(tmp_path) as gated:
        ended = gated.service.wait(job["id"])
        assert ended["state"] == "completed"
        assert len(ended["pictures"]) == 2


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(tmp_path: Path, sign: signal.Signals) -> None:
    with gated_service(tmp_path) as gated:
        gated.service.process.send_signal(sign)
        assert gated.service.process.wait(PATIENCE) == 0
        assert not gated.running.exists()
        assert not (gated.service.folder / "door").exists()
