"""On a cluster of three nodes, pictures and films are those of one process, whoever is killed on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.events import Event, FramesSaved, ImageDone
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.cluster.ray_crew import RayCrew, slots_of
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.film import shoot
from sdplay.studio import Studio
from sdplay.tasks import Executor, Task
from tests.support import child
from tests.support.films import write_film
from tests.support.patience import wait_until
from tests.support.raycluster import a_cluster, kill_an_actor
from tests.support.service import running_service
from tests.support.shards import DREAM, SCENES, everything
from tests.support.stubfilm import StubExecutor, film_request, made, shooting

CLIP = {"animation_mode": "Video Input", "animation_prompts": {"0": "a hill"}, "batch_size": 3}
DEPTH = {**SCENES, "animation_mode": "3D", "translation_z": "0:(2)"}  # two cuts, so three scenes


class UnhurriedExecutor(StubExecutor):
    """Leaves time for somebody to be killed."""

    def run(self, task: Task) -> Generator[Event, None, None]:
        import time

        for event in super().run(task):
            if isinstance(event, ImageDone):
                time.sleep(0.1)
            yield event


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with a_cluster() as made_here:
        yield made_here


@pytest.fixture(scope="module")
def through(cluster: Any) -> Iterator[Callable[[Callable[[], Executor]], ClusterExecutor]]:
    """Makes an executor on the cluster, one at a time."""
    held: list[ClusterExecutor] = []

    def make(inside: Callable[[], Executor]) -> ClusterExecutor:
        while held:
            held.pop().close()
        held.append(ClusterExecutor(RayCrew(cluster.address, inside=inside)))
        wait_until(lambda: len(held[0].dispatcher.workers) == 3)
        return held[0]

    yield make
    for executor in held:
        executor.close()


@pytest.fixture(scope="module")
def unhurried(through: Callable[[Callable[[], Executor]], ClusterExecutor]) -> ClusterExecutor:
    return through(UnhurriedExecutor)


def kinds(folder: Path) -> dict[str, Any]:
    clip = {**CLIP, "video_init_path": str(write_film(folder / "clip.mp4", 14))}
    return {
        "dream": film_request("dream", **DREAM),
        "clip": film_request("animate", **clip, color_coherence="LAB"),
        "3D": film_request("animate", **DEPTH),
    }


def shot(out: Path, request: Any, executor: Executor, then: Callable[[], None] = lambda: None) -> list[Event]:
    """The events of making a film; once something of it is on the disk `then` is done."""
    events: list[Event] = []
    job = shooting(out, request, executor)
    job = replace(job, model=replace(job.model, path=Path(__file__)))  # what a worker draws from must be there
    for event in shoot(job):
        if isinstance(event, FramesSaved) and not any(isinstance(each, FramesSaved) for each in events):
            then()
        events.append(event)
    return events


@pytest.mark.parametrize("kind", ["dream", "clip", "3D"])
def test_a_film_is_that_of_one_process(tmp_path: Path, unhurried: ClusterExecutor, kind: str) -> None:
    request = kinds(tmp_path)[kind]
    made(tmp_path / "whole", request)
    shot(tmp_path / "film", request, unhurried)
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")


def test_a_film_outlives_a_worker_that_is_killed(tmp_path: Path, unhurried: ClusterExecutor) -> None:
    request = film_request("animate", **DEPTH)
    made(tmp_path / "whole", request)
    shot(tmp_path / "film", request, unhurried, kill_an_actor)
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")


DRIVER = """
import sys
from pathlib import Path
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.cluster.ray_crew import RayCrew
from tests.executors.cluster.test_ray import DEPTH, UnhurriedExecutor, shot
from tests.support.stubfilm import film_request
crew = RayCrew(sys.argv[2], inside=UnhurriedExecutor)
shot(Path(sys.argv[1]), film_request("animate", **DEPTH), ClusterExecutor(crew))
"""


def test_a_film_goes_on_after_its_driver_was_killed(tmp_path: Path, cluster: Any, unhurried: ClusterExecutor) -> None:
    request = film_request("animate", **DEPTH)
    made(tmp_path / "whole", request)
    journal = tmp_path / "film" / "journal.jsonl"
    unhurried.close()  # the nodes have a core each
    driver = child.start(DRIVER, tmp_path / "film", cluster.address)
    wait_until(lambda: driver.poll() is not None or (journal.exists() and journal.read_bytes().count(b"\n") >= 2))
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert driver.returncode == -signal.SIGKILL
    with_lines = journal.read_bytes().count(b"\n")
    executor = ClusterExecutor(RayCrew(cluster.address, inside=UnhurriedExecutor))
    events = shot(tmp_path / "film", request, executor)
    executor.close()
    saved = [event for event in events if isinstance(event, FramesSaved)]
    assert len(saved) == 9 - with_lines
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")


def test_pictures_and_a_grid_are_those_of_one_process_and_outlive_a_node(cluster: Any, builtin: Path) -> None:
    fields = {"num": 9, "steps": 2, "seed": 3, "model": str(builtin)}
    alone = [picture.digest for picture in Studio().draw("a red apple", **fields)]
    node = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    cluster.wait_for_nodes()
    executor = ClusterExecutor(RayCrew(cluster.address))
    wait_until(lambda: len(executor.dispatcher.workers) == 4)
    gone = False
    digests: list[str] = []
    with Studio(executor) as studio:
        for event in studio.stream(request(**fields)):
            if isinstance(event, ImageDone):
                digests.append(event.picture.digest)
                if not gone:
                    cluster.remove_node(node, allow_graceful=False)
                    gone = True
        axes = request(steps=1, seed=3, model=str(builtin)), "prompt=apple|pear", "guidance=1,3"
        grid = studio.grid(*axes)
    executor.close()
    assert digests == alone
    assert [picture.digest for picture in grid.pictures] == [
        picture.digest for picture in Studio().grid(*axes).pictures
    ]


def test_a_service_has_its_jobs_drawn_there(tmp_path: Path, cluster: Any) -> None:
    wanted = [picture.digest for picture in Studio(FakeExecutor()).draw("a red apple", num=4, seed=3)]
    there = "--executor", "ray", "--address", cluster.address
    with running_service(tmp_path / "home", "--workers", "2", *there) as service:
        job = service.wait(service.submit(prompt="a red apple", num=4, seed=3)["id"])
        assert (job["state"], job["attempt"]) == ("completed", 1)
        found = [service.get(f"/api/v1/pictures/{each['id']}")["digest"] for each in job["pictures"]]
        assert service.stop() == 0
    assert found == wanted


def request(**fields: Any) -> Any:
    from sdplay.requests.base import make_request
    from sdplay.requests.txt2img import Txt2Img

    return make_request(Txt2Img, prompt="a red apple", **fields)


def test_no_cluster_is_started_where_none_runs() -> None:
    code = """
import sys
from sdplay.core.errors import BadRequest
from sdplay.executors.cluster.ray_crew import RayCrew
try:
    RayCrew("auto")
except BadRequest as error:
    print(error)
"""
    environment = {"RAY_TMPDIR": "/tmp/none-here", "RAY_ADDRESS": "127.0.0.1:9"}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        assert "nothing answers there" in child.run(code)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.mark.parametrize(
    ("resources", "threads", "slots"),
    [
        ({"GPU": 2.0, "CPU": 8.0}, "", [{"num_gpus": 1, "num_cpus": 0}] * 2),
        ({"CPU": 8.0}, "", [{"num_cpus": 8}]),
        ({"CPU": 8.0}, "3", [{"num_cpus": 3}] * 2),
        ({"CPU": 2.0}, "64", [{"num_cpus": 2}]),
        ({}, "", []),
    ],
)
def test_a_machine_gets_a_worker_for_each_gpu_or_as_many_as_its_cores_allow(
    resources: dict[str, float], threads: str, slots: list[dict[str, float]]
) -> None:
    assert slots_of(resources, {"OMP_NUM_THREADS": threads} if threads else {}) == slots


def test_without_ray_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(BadRequest, match="Ray is not installed"):
        RayCrew("auto")
