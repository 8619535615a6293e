"""The service under load: pictures for one and for four clients, a long queue, many listeners, memory."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import TypeAlias, TypeVar

import httpx2

from benchmarks.contestants import PROMPT, Ours, Work
from benchmarks.measure import alternate
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired
from benchmarks.startup import environment
from sdplay.server.database import Database
from sdplay.server.queue import JobQueue

STOCK = Path(__file__).with_name("stock_server.py")
Found = TypeVar("Found")
Counter: TypeAlias = "Synchronized[int]"
WAIT = 120.0
ACCEPTED, LISTENERS, QUEUED, PICTURES = 500, 200, 10_000, 1000
WARM_UP = 200  # pictures after which memory is looked at first
LOOKS = 300  # at the progress of a job


@dataclass(slots=True)
class Serving:
    """A service process: ours, or the stock one."""

    process: subprocess.Popen[bytes]
    client: httpx2.Client
    url: str


@contextmanager
def running(command: Sequence[str], variables: dict[str, str], address: Callable[[], str | None]) -> Generator[Serving]:
    """The service that `command` starts, once it answers at `address()`."""
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = waited_for(address)
        client = httpx2.Client(base_url=url, timeout=WAIT, trust_env=False)
        waited_for(lambda: answers(client))
        yield Serving(process, client, url)
    finally:
        process.terminate()
        process.wait(60)


def waited_for(there: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + WAIT
    while (found := there()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("the service does not answer")
        time.sleep(0.005)
    return found


def answers(client: httpx2.Client) -> bool | None:
    try:
        client.get("/api/v1/openapi.json")
    except httpx2.TransportError:
        return None
    return True


def ours(home: Path, threads: int, **variables: str) -> AbstractContextManager[Serving]:
    said = home / "service" / "running.json"
    said.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sdplay", "serve", "--port", "0"]
    own = {**environment(threads), "SDPLAY_HOME": str(home), **variables}
    return running(command, own, lambda: json.loads(said.read_bytes())["url"] if said.is_file() else None)


def stock(work: Work) -> AbstractContextManager[Serving]:
    recipe = Ours(work).recipe
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, str(STOCK), str(Ours(work).folder), str(recipe.steps), str(recipe.width), port]
    return running(command, environment(work.threads), lambda: f"http://127.0.0.1:{port}")


def drawing_rows(work: Work, rounds: int) -> list[Row]:
    """A picture for one client that waits, and for each of four at once."""
    recipe, seeds = Ours(work).recipe, count()
    fields = {"prompt": PROMPT, "steps": recipe.steps, "guidance_scale": 3.0, "preview": False}
    with TemporaryDirectory() as folder, ours(Path(folder), work.threads) as mine, stock(work) as peer:

        def from_ours() -> None:
            mine.client.post("/api/v1/draw", json=fields | {"seed": next(seeds)}).raise_for_status()

        def from_stock() -> None:
            peer.client.post("/draw", params={"prompt": PROMPT}).raise_for_status()

        def four(draw: Callable[[], None]) -> Callable[[], None]:
            def at_once() -> None:
                with ThreadPoolExecutor(4) as clients:
                    list(clients.map(lambda _: draw(), range(4)))

            return at_once

        one = alternate([from_ours, from_stock], rounds, time.perf_counter)
        each = [taken.divided(4) for taken in alternate([four(from_ours), four(from_stock)], rounds, time.perf_counter)]
    peer_is = "peer: FastAPI with stock diffusers, a dozen lines"
    return [
        paired(
            "serve-one", f"a picture for a client that waits for it; {peer_is}", *one, loss="", aim=None, clock="wall"
        ),
        paired("serve-four", "a picture, for each of four clients at once", *each, loss="", aim=None, clock="wall"),
    ]


def queue_rows(threads: int) -> list[Row]:
    """A long queue, drawn by nobody: accepting, starting again, and many listeners."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        with ours(home, threads, SDPLAY_EXECUTOR="fake") as mine:
            mine.client.post("/api/v1/queue/pause").raise_for_status()
            begun = time.perf_counter()
            names = [submitted(mine, number) for number in range(ACCEPTED)]
            accepting = time.perf_counter() - begun
            listed = [job["id"] for job in mine.client.get("/api/v1/queue").json()["jobs"]]
            in_order = listed[: len(names)] == names[: len(listed)]
        fill(home / "service" / "queue.db", names[0])
        begun = time.perf_counter()
        with ours(home, threads, SDPLAY_EXECUTOR="fake") as mine:
            restarting = time.perf_counter() - begun
        begun = time.perf_counter()
        with TemporaryDirectory() as empty, ours(Path(empty), threads, SDPLAY_EXECUTOR="fake"):
            starting = time.perf_counter() - begun
    note = f"empty: {starting:.2f} s"
    order = "in order" if in_order else "OUT OF ORDER"
    return [
        Row(
            key="serve-accept",
            what=f"{ACCEPTED} jobs accepted",
            clock="wall",
            ours=accepting,
            loss=order,
            aim=Aim(seconds=5),
        ),
        Row(
            key="serve-restart",
            what=f"start to first answer, {QUEUED:,} jobs waiting",
            clock="wall",
            ours=restarting,
            loss=note,
            aim=Aim(seconds=2),
        ),
    ]


def fill(database: Path, like: str) -> None:
    """Let QUEUED jobs wait, copies of the one called `like`."""
    opened = Database(database)
    queue = JobQueue(opened)
    job = queue.job(like)
    assert job is not None
    for _ in range(QUEUED - ACCEPTED):
        queue.accept(job.mode, job.request, total=job.total, seed=job.seed, recipe=job.recipe)
    opened.close()


def submitted(mine: Serving, number: int) -> str:
    answer = mine.client.post("/api/v1/jobs", json={"prompt": f"a cat {number}", "seed": number, "steps": 2})
    return answer.raise_for_status().json()["id"]


def busy_rows(work: Work) -> list[Row]:
    """Progress asked for while pictures are drawn and many listen; and memory over many pictures."""
    with TemporaryDirectory() as folder, ours(Path(folder), work.threads) as mine:
        mine.client.post("/api/v1/draw", json={"prompt": PROMPT, "seed": 1}).raise_for_status()
        with listening(mine.url) as everybody:
            name = mine.client.post("/api/v1/jobs", json={"prompt": PROMPT, "seed": 2, "num": 40}).json()["id"]
            looks: list[float] = []
            for _ in range(LOOKS):
                begun = time.perf_counter()
                mine.client.get(f"/api/v1/jobs/{name}").raise_for_status()
                looks.append(time.perf_counter() - begun)
                time.sleep(0.01)
        told = everybody.value
        slope, share = memory_slope(mine)
    return [
        Row(
            key="serve-progress",
            what=f"the state of a job while it is drawn and {LISTENERS} listen, 99th of 100",
            clock="wall",
            ours=quantiles(looks, n=100)[98],
            loss=f"{told} of {LISTENERS} were told of its end",
            aim=Aim(seconds=0.05),
        ),
        Row(
            key="serve-memory",
            what=f"a picture, over {PICTURES - WARM_UP} of them in a row",
            clock="wall",
            ours=share,
            loss=f"memory of all processes grew by {slope:.1f} MiB",
        ),
    ]


@contextmanager
def listening(url: str) -> Generator[Counter]:
    """LISTENERS clients in a process of their own, so that they do not slow the one that measures.

    Leaving waits for a job of their time to end; what is given then holds how many were told of it.
    """
    spawn = get_context("spawn")
    there, told = spawn.Value("i", 0), spawn.Value("i", 0)
    clients = spawn.Process(target=listen_all, args=(url, there, told), daemon=True)
    clients.start()
    waited_for(lambda: there.value == LISTENERS or None)
    yield told
    clients.join(WAIT)


def listen_all(url: str, there: Counter, told: Counter) -> None:
    threads = [threading.Thread(target=listen, args=(url, there, told), daemon=True) for _ in range(LISTENERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)


def listen(url: str, there: Counter, told: Counter) -> None:
    """Listen to everything until a job has ended; counts in `there` when it begins, in `told` when it ends."""
    with (
        httpx2.Client(base_url=url, timeout=WAIT, trust_env=False) as client,
        client.stream("GET", "/api/v1/events") as lines,
    ):
        with there.get_lock():
            there.value += 1
        for line in lines.iter_lines():
            if line.startswith("data:") and '"state":"completed"' in line:
                with told.get_lock():
                    told.value += 1
                return


def memory_slope(mine: Serving) -> tuple[float, float]:
    """(MiB that all processes of the service grew by from picture WARM_UP to PICTURES, seconds a picture)."""
    fields = {"prompt": PROMPT, "steps": 2, "preview": False}
    before, begun = 0.0, 0.0
    for number in range(PICTURES // 50):
        if number * 50 == WARM_UP:
            before, begun = resident(mine.process.pid), time.perf_counter()
        mine.client.post("/api/v1/draw", json={**fields, "seed": number * 50, "num": 50}).raise_for_status()
    taken = time.perf_counter() - begun
    return resident(mine.process.pid) - before, taken / (PICTURES - WARM_UP)


def resident(pid: int) -> float:
    """MiB in memory of the process and of those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = (Path(f"/proc/{each}/status").read_text() for each in (str(pid), *children))
    return sum(int(match[1]) for text in status if (match := re.search(r"VmRSS:\s+(\d+)", text))) / 1024


def serving_section(work: Work, rounds: int) -> Section:
    return Section(
        title="Serving",
        about="`sdplay serve` and its clients on one machine, over HTTP. The queue is in SQLite and every job is on "
        "the disk before it is accepted; the peer keeps nothing.",
        rows=(*drawing_rows(work, rounds), *queue_rows(work.threads), *busy_rows(work)),
    )
