"""A service of one's own: a real `sdplay serve` in a process of its own, on a free port, with a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

import sdplay
from tests.support.patience import PATIENCE, wait_until

ENDED = {"completed", "failed", "cancelled"}


@dataclass(slots=True)
class RunningService:
    """A server process that answers at `url`; `home` is its SDPLAY_HOME, `log` the file with all that it says."""

    process: subprocess.Popen[bytes]
    home: Path
    url: str
    token: str | None
    log: Path
    client: httpx2.Client

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def folder(self) -> Path:
        """Where its queue, pictures, films and uploads are."""
        return self.home / "service"

    def open_client(self, **options: Any) -> httpx2.Client:
        """A client of its own: for another thread, or with other headers."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token is not None else {}
        headers |= options.pop("headers", {})
        return httpx2.Client(base_url=self.url, timeout=PATIENCE, trust_env=False, headers=headers, **options)

    def get(self, path: str) -> Any:
        """The JSON at `path`; an `AssertionError` where it is no success."""
        answer = self.client.get(path)
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json()

    def submit(self, mode: str = "txt2img", **fields: Any) -> dict[str, Any]:
        """A job that the native API accepts."""
        answer = self.client.post("/api/v1/jobs", json={"mode": mode, **fields})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def wait(self, job: str) -> dict[str, Any]:
        """The job once it has ended."""
        wait_until(lambda: self.get(f"/api/v1/jobs/{job}")["state"] in ENDED)
        return self.get(f"/api/v1/jobs/{job}")

    def request_behind(self, picture: int) -> dict[str, Any]:
        """What the job was asked for that drew a picture."""
        return self.get(f"/api/v1/jobs/{self.get(f'/api/v1/pictures/{picture}')['job']}")["request"]

    def newest_job(self) -> dict[str, Any]:
        """The job that was handed in last; where there is none yet, it is waited for."""
        wait_until(lambda: self.get("/api/v1/jobs?limit=1")["jobs"])
        return self.get("/api/v1/jobs?limit=1")["jobs"][0]

    def stop(self) -> int:
        """End it as Ctrl-C in a supervisor does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it as a power cut does; the processes that draw for it end by themselves."""
        self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def running_service(
    home: Path,
    *flags: str,
    fake: bool = True,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    preexec_fn: Callable[[], object] | None = None,
) -> Generator[RunningService]:
    """`sdplay serve --port 0` with `flags`, on the data folder `home`; stopped at the end unless it has ended already.

    It draws flat pictures in no time, or with the built-in model where `fake` is False. Starting one again on the same
    `home` goes on with its queue. `command` is run in place of `sdplay serve`, `preexec_fn` in the new process first.
    """
    home.mkdir(parents=True, exist_ok=True)
    running, log = home / "service" / "running.json", home / "serve.log"
    running.unlink(missing_ok=True)  # that of one which was killed
    with log.open("ab") as said:
        process = subprocess.Popen(
            command or [sys.executable, "-m", "sdplay", "serve", "--port", "0", *flags],
            preexec_fn=preexec_fn,
            env=environment(home, fake=fake) | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        facts = announced(process, running, log)
        url = facts["url"].replace("0.0.0.0", "127.0.0.1")
        service = RunningService(process, home, url, facts["token"], log, httpx2.Client())
        with service.open_client() as client:
            service.client = client
            wait_until(lambda: answers(client))
            yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)


def environment(home: Path, *, fake: bool) -> dict[str, str]:
    """Where `sdplay` and `tests` are found, and nothing that whoever runs the tests has set for theirs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDPLAY_")}
    found = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(sdplay.__file__).parents[1])])
    own = {"PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1", "SDPLAY_HOME": str(home)}
    return inherited | own | ({"SDPLAY_EXECUTOR": "fake"} if fake else {})


def announced(process: subprocess.Popen[bytes], running: Path, log: Path) -> dict[str, Any]:
    """What a service says of itself once it holds its port; an `AssertionError` with what it said if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while not running.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return json.loads(running.read_bytes())


def answers(client: httpx2.Client) -> bool:
    """Whether requests are answered, whatever the answer."""
    try:
        client.get("/api/v1/openapi.json")
    except httpx2.TransportError:
        return False
    return True
