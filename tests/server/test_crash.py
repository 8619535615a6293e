"""Whatever is killed, and whenever: every job that was accepted ends with the bits it would have had, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

import sdplay
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.film import shoot
from sdplay.images.write import encode
from sdplay.studio import Studio
from sdplay.tasks import Executor
from sdplay.version import VERSION
from tests.support.child import ROOT
from tests.support.patience import PATIENCE, wait_until

KILLS = 12
SERVE = """
import os, time
from sdplay.executors.fake import FakeExecutor
from sdplay.server.run import ServeOptions, serve

class Slow(FakeExecutor):
    def run(self, task):
        if getattr(task.recipe.request, "prompt", "") == "poison":
            os._exit(9)
        for event in super().run(task):
            time.sleep(0.004)
            yield event

if __name__ == "__main__":
    serve(ServeOptions(port=0, inside=Slow), lambda url, token: None)
"""
JOBS: list[dict[str, Any]] = [
    {"mode": "txt2img", "prompt": "a {red|green} apple", "num": 12, "seed": 5, "steps": 4},
    {"mode": "txt2img", "prompt": "a cat", "num": 12, "seed": 99, "steps": 3, "format": "webp"},
    {"mode": "dream", "prompts": ["a", "b", "c"], "num": 24, "seed": 3, "steps": 4, "width": 64, "height": 64},
    {"mode": "txt2img", "prompt": "a house", "num": 12, "seed": 1000, "steps": 4},
]


class Server:
    """A service in processes of its own that is started again after it was killed; what it runs is `script`."""

    def __init__(self, home: Path, script: str = SERVE) -> None:
        self.home = home
        self.script = home.parent / "serve.py"
        self.script.write_text(script)
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        running = self.home / "service" / "running.json"
        running.unlink(missing_ok=True)
        found = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        environment = os.environ | {"PYTHONPATH": found, "SDPLAY_HOME": str(self.home)}
        with (self.home.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.script)], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(running.exists)
        self.url = json.loads(running.read_text())["url"]
        wait_until(self.answers)

    def answers(self) -> bool:
        try:
            self.get("/api/v1/jobs/none")
        except URLError as error:
            return getattr(error, "code", None) == 404
        return True

    def get(self, path: str) -> Any:
        with urlopen(self.url + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        request = Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def workers(self) -> list[int]:
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]

    def kill(self, what: str) -> None:
        assert self.process is not None
        if what in {"worker", "both"}:
            for pid in self.workers():
                os.kill(pid, signal.SIGKILL)
        if what in {"api", "both"}:
            self.process.kill()
            self.process.wait()
            self.start()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def serving(home: Path, script: str = SERVE) -> Generator[Server]:
    server = Server(home, script)
    server.home.mkdir()
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "home") as server:
        yield server


def finished(server: Server, names: list[str]) -> int:
    """How many pictures and frames are finished, of all jobs together."""
    return sum(server.get(f"/api/v1/jobs/{name}")["done"] for name in names)


def files_of(server: Server, job: dict[str, Any]) -> list[Path]:
    folder = server.home / "service" / "pictures"
    return sorted(path for path in folder.rglob(f"{job['id']}-*") if path.suffix != ".tmp")


def survived(server: Server, executor: Executor | None, jobs: list[dict[str, Any]], tmp_path: Path) -> None:
    """Hand in `jobs`, kill `KILLS` times at random, and compare all that was made with what `executor` makes here."""
    rng = random.Random(20261129)
    names = [server.post("/api/v1/jobs", job)["id"] for job in jobs]
    whole = sum(job["num"] for job in jobs)
    for number in range(KILLS):
        before = finished(server, names)
        if before < whole:
            wait_until(lambda: finished(server, names) > before)  # noqa: B023
        time.sleep(rng.random() * 0.05)
        if finished(server, names) > whole - 12:
            names.append(server.post("/api/v1/jobs", jobs[1] | {"seed": number})["id"])
            whole += jobs[1]["num"]
        server.kill(rng.choice(["worker", "api", "both"]))
    wait_until(lambda: all(server.get(f"/api/v1/jobs/{name}")["state"] == "completed" for name in names))
    with Studio(executor) as studio:
        for name, job in zip(names[: len(jobs)], jobs, strict=True):
            seen = server.get(f"/api/v1/jobs/{name}")
            fields = {field: value for field, value in job.items() if field not in {"mode", "format"}}
            if job["mode"] == "dream":
                assert [each["index"] for each in seen["pictures"]] == [0]
                list(shoot(studio.film(sdplay.Dream(**fields), tmp_path / "film")))
                ours, theirs = tmp_path / "film" / "frames", server.home / "service" / "films" / name / "frames"
                assert {path.name: path.read_bytes() for path in theirs.iterdir()} == {
                    path.name: path.read_bytes() for path in ours.iterdir()
                }
                continue
            pictures = studio.draw(sdplay.Txt2Img(**fields))
            assert [each["index"] for each in seen["pictures"]] == list(range(job["num"]))
            assert [each["digest"] for each in seen["pictures"]] == [picture.digest for picture in pictures]
            contents = [encode(picture, job.get("format", "png"), VERSION) for picture in pictures]
            assert [path.read_bytes() for path in files_of(server, seen)] == contents
    assert server.stop() == 0
    server.start()
    stray = [path for path in server.home.rglob("*") if path.name.startswith(".sdplay-") or path.suffix == ".tmp"]
    assert stray == []


@pytest.mark.timeout(1800)  # it starts a service about fourteen times, each of which may take its time
def test_kills_at_random_lose_nothing_and_change_no_bit(server: Server, tmp_path: Path) -> None:
    survived(server, FakeExecutor(), JOBS, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_at_random_change_no_bit_of_the_model_in_the_box(tmp_path: Path) -> None:
    script = SERVE.replace("ServeOptions(port=0, inside=Slow)", "ServeOptions(port=0)")
    jobs = [job | {"steps": 8, "num": min(job["num"], 12)} for job in JOBS]
    with serving(tmp_path / "home", script) as server:
        survived(server, None, jobs, tmp_path)


def test_a_job_that_kills_every_process_that_draws_it_fails_and_the_next_is_drawn(server: Server) -> None:
    poison = server.post("/api/v1/jobs", {"prompt": "poison", "seed": 1})["id"]
    good = server.post("/api/v1/jobs", {"prompt": "good", "seed": 2, "steps": 2})["id"]
    wait_until(lambda: server.get(f"/api/v1/jobs/{good}")["state"] == "completed")
    failed = server.get(f"/api/v1/jobs/{poison}")
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "worker-died"


def test_sigterm_puts_the_running_job_back_and_ends_well(server: Server) -> None:
    name = server.post("/api/v1/jobs", {"prompt": "long", "num": 1, "seed": 1, "steps": 900})["id"]
    wait_until(lambda: server.get(f"/api/v1/jobs/{name}")["state"] == "running")
    assert server.stop() == 0
    server.start()
    server.post("/api/v1/jobs", {"prompt": "short", "seed": 1, "steps": 1})
    wait_until(lambda: server.get(f"/api/v1/jobs/{name}")["state"] == "completed")
