"""A service whose jobs are drawn by the workers of a cluster: they come out the same, and go on when workers die."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from sdplay.cli import serve as command
from sdplay.cli.serve import by_whom
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.fake import FakeExecutor
from sdplay.library.library import library_from_env
from sdplay.server.clients import Limits
from sdplay.server.home import ServiceHome
from sdplay.server.records import Job
from sdplay.server.run import ServeOptions, drawing
from sdplay.server.service import Service
from sdplay.studio import Studio
from tests.support.crew import Hand, ThreadCrew, several
from tests.support.patience import wait_until


@pytest.fixture
def on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Starts a service on workers."""
    services: list[Service] = []

    def start(*hands: Hand) -> Service:
        home = ServiceHome(tmp_path / "service")
        home.prepare()
        monkeypatch.chdir(home.folder)
        executor = drawing(ServeOptions(elsewhere=lambda: ClusterExecutor(ThreadCrew(*hands))))
        services.append(Service(home, executor, library_from_env(os.environ), Limits()))
        services[0].start()
        return services[0]

    yield start
    for service in services:
        service.stop()


def ended(service: Service, mode: str, **fields: Any) -> Job:
    name = service.submit(mode, fields).job.id
    wait_until(lambda: service.job(name).state in {"completed", "failed"})
    return service.job(name)


def test_pictures_and_films_are_those_of_one_process(on: Callable[..., Service]) -> None:
    hands = several(3)
    service = on(*hands)
    job = ended(service, "txt2img", prompt="a red apple", num=5, steps=2, seed=3)
    assert (job.state, job.done, job.attempt) == ("completed", 5, 1)
    studio = Studio(FakeExecutor())
    wanted = [picture.digest for picture in studio.draw("a red apple", num=5, steps=2, seed=3)]
    assert [picture.digest for picture in service.gallery.pictures(job=job.id)] == wanted
    film = ended(service, "dream", prompts=["a", "b"], num=6, steps=1, seed=3)
    assert (film.state, film.done) == ("completed", 6)
    assert not service.executor.is_here
    assert service.executor.alive
    assert service.executor.idle_seconds < 60
    assert sum(len(hand.drew) for hand in hands) == 6


def test_a_job_goes_on_where_a_worker_dies_and_is_tried_again_where_all_do(on: Callable[..., Service]) -> None:
    deaths: list[object] = []

    def dies(unit: object) -> bool:
        if len(deaths) < 3:
            deaths.append(unit)
            return True
        return False

    service = on(*several(5, dies=dies))
    job = ended(service, "txt2img", prompt="a red apple", num=1, steps=2, seed=3)
    assert (job.state, job.done, job.attempt, len(deaths)) == ("completed", 1, 2, 3)


def test_flags_of_the_cluster_reach_the_service_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    passed_on: list[str] = []

    def start(flags: list[str], *, open_page: bool) -> int:
        passed_on.extend(flags)
        return 0

    monkeypatch.setattr(command, "start_in_background", start)
    typed = [
        "--background",
        "--executor",
        "ray",
        "--address",
        "10.0.0.1:6379",
        "--audit",
        "5%",
        "--mixed",
        "--port",
        "0",
    ]
    CliRunner().invoke(command.serve, typed, standalone_mode=False, catch_exceptions=False)
    assert sorted(passed_on) == ["--address=10.0.0.1:6379", "--audit=0.05", "--executor=ray", "--mixed", "--port=0"]


def test_devices_are_not_those_of_a_cluster() -> None:
    with pytest.raises(click.UsageError, match="draws on others"):
        CliRunner().invoke(
            command.serve, ["--executor", "ray", "--devices", "cpu"], standalone_mode=False, catch_exceptions=False
        )


def test_it_is_said_who_draws() -> None:
    assert [by_whom(1, True), by_whom(2, True), by_whom(1, False), by_whom(3, False)] == [
        "in 1 process",
        "in 2 processes",
        "by 1 worker of a cluster",
        "by 3 workers of a cluster",
    ]
