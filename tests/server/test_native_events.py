"""Events: from the database first, then live, in order, none missed and none twice."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

EVENTS = "/api/v1/events"
Event = tuple[int | None, str, dict[str, Any]]


@contextmanager
def listening(service: RunningService, path: str, **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a stream, as they come: (id, type, data)."""
    with service.open_client() as client, client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer.iter_lines())


def parsed(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield number, fields["event"], json.loads(fields["data"])
            fields = {}
        else:
            fields = {}


def of_job(service: RunningService, job: dict[str, Any], **headers: str) -> list[Event]:
    with listening(service, job["events"], **headers) as events:
        return list(events)


def test_stream_of_a_job_is_its_whole_story_and_ends(service: RunningService) -> None:
    job = service.submit(prompt="a cat", num=3, steps=2)
    story = of_job(service, job)
    lasting = [kind for number, kind, _ in story if number is not None]
    assert lasting == ["queued", "started", "picture", "picture", "picture", "finished"]
    assert story[-1][2] == {"job": job["id"], "state": "completed"}
    numbers = [number for number, _, _ in story if number is not None]
    assert numbers == sorted(set(numbers))
    assert of_job(service, job) == [event for event in story if event[0] is not None]


def test_listener_who_comes_back_gets_the_rest_and_then_nothing(service: RunningService) -> None:
    job = service.wait(service.submit(prompt="a cat", num=2, steps=1)["id"])
    story = of_job(service, job)
    numbers = [number for number, _, _ in story]
    assert of_job(service, job, **{"Last-Event-ID": str(numbers[2])}) == story[3:]
    answer = service.client.get(job["events"], headers={"Last-Event-ID": str(numbers[-1])})
    assert (answer.status_code, answer.content) == (204, b"")


def test_steps_are_told_with_what_emerges(paused: RunningService) -> None:
    job = paused.submit(prompt="a cat", num=4, steps=3)
    with listening(paused, job["events"]) as events:
        assert next(events)[1] == "queued"
        paused.client.post("/api/v1/queue/resume")
        steps = [data for _, kind, data in events if kind == "step"]
    assert steps[0]["steps"] == 3
    assert steps[0]["preview"].startswith("data:image/jpeg;base64,")


def test_nothing_is_lost_between_the_database_and_what_comes(service: RunningService) -> None:
    """Listeners come at all times while jobs are drawn; each gets every event after its own start, once, in order."""
    start = service.get("/api/v1/queue")["last_event"]
    heard: list[list[Event]] = []

    def listen(last: str) -> None:
        mine: list[Event] = []
        with listening(service, EVENTS, **{"Last-Event-ID": str(start)}) as events:
            for event in events:
                if event[0] is not None:
                    mine.append(event)
                if event[1] == "finished" and event[2]["job"] == last:
                    break
        heard.append(mine)

    jobs = [service.submit(prompt="a cat", seed=seed, steps=1)["id"] for seed in range(8)]
    threads = [threading.Thread(target=listen, args=(jobs[-1],)) for _ in range(6)]
    for thread in threads:
        thread.start()
        service.submit(prompt="a dog", steps=1, priority=9)
    for thread in threads:
        thread.join()
    assert len(heard) == len(threads)
    last = max(number for event in heard[0] if (number := event[0]) is not None)
    for mine in heard:
        assert [event[0] for event in mine] == list(range(start + 1, last + 1))


def test_listener_without_a_start_hears_from_now_on(service: RunningService) -> None:
    service.wait(service.submit(prompt="an old cat", steps=1)["id"])
    with listening(service, EVENTS) as events:
        job = service.submit(prompt="a new cat", steps=1)
        _, kind, data = next(events)
    assert (kind, data["job"]) == ("queued", job["id"])


def test_start_of_another_queue_means_reading_anew(service: RunningService) -> None:
    with listening(service, f"{EVENTS}?after=999999999") as events:
        assert next(events)[1] == "reset"


def test_end_of_a_job_is_told_though_its_events_are_forgotten(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_service(home) as service:
        job = service.wait(service.submit(prompt="a cat", steps=1)["id"])
    with closing(sqlite3.connect(home / "service" / "queue.db")) as database, database:
        database.execute("DELETE FROM events")
    with running_service(home) as service:
        assert of_job(service, job) == [(None, "finished", {"job": job["id"], "state": "completed"})]


@pytest.mark.parametrize("number", ["x", "-1", "1e3", "9" * 40])
def test_start_is_a_number(service: RunningService, number: str) -> None:
    assert service.client.get(EVENTS, headers={"Last-Event-ID": number}).status_code == 422


def test_job_that_is_not_there_tells_nothing(service: RunningService) -> None:
    assert service.client.get("/api/v1/jobs/nope/events").status_code == 404


def test_listeners_are_let_go_of(service: RunningService) -> None:
    with listening(service, EVENTS), listening(service, EVENTS):
        wait_until(lambda: service.get("/api/v1/status")["listeners"] == 2)
    service.submit(prompt="a cat", steps=1)
    wait_until(lambda: service.get("/api/v1/status")["listeners"] == 0)
