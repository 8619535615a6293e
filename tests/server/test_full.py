"""What is said where no more is taken: jobs, listeners; in this process, with limits that are soon reached."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sdplay.executors.fake import FakeExecutor
from sdplay.executors.processes import ProcessExecutor
from sdplay.library.library import library_from_env
from sdplay.server.clients import Limits
from sdplay.server.home import ServiceHome
from sdplay.server.http.app import make_app
from sdplay.server.http.native import events
from sdplay.server.http.policy import Access
from sdplay.server.hub import Hub
from sdplay.server.records import Change
from sdplay.server.service import Service


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """One that takes jobs and begins none."""
    home = ServiceHome(tmp_path / "service")
    home.prepare()
    monkeypatch.chdir(home.folder)
    service = Service(home, ProcessExecutor(1, FakeExecutor), library_from_env(os.environ), Limits(waiting=2))
    yield service
    service.stop()


def statuses(service: Service, *requests: tuple[str, str, dict[str, object] | None]) -> list[httpx2.Response]:
    """The answers to these requests: (method, path, JSON)."""

    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(make_app(service, Access()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.request(method, path, json=body) for method, path, body in requests]

    return asyncio.run(ask())


def test_full_queue_says_when_to_come_back(service: Service) -> None:
    job = ("POST", "/api/v1/jobs", {"prompt": "a cat"})
    *accepted, refused = statuses(service, job, job, job)
    assert [answer.status_code for answer in accepted] == [202, 202]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue-full")
    assert int(refused.headers["retry-after"]) > 0
    first = accepted[0].json()["id"]
    again = statuses(service, ("POST", f"/api/v1/jobs/{first}/cancel", None), job)
    assert [answer.status_code for answer in again] == [200, 202]


def test_only_so_many_listen(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_LISTENERS", 0)
    (answer,) = statuses(service, ("GET", "/api/v1/events", None))
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)


def test_silence_is_broken_by_a_heartbeat(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)

    async def first_parts() -> list[bytes]:
        service.hub.attach(asyncio.get_running_loop())
        stream = events.told(service, None, service.queue.last_event())
        parts = [await anext(stream) for _ in range(3)]
        await stream.aclose()
        return parts

    assert asyncio.run(first_parts()) == [events.RETRY, events.BEAT, events.BEAT]
    assert service.hub.listeners == 0


def test_change_is_written_once_for_all() -> None:
    change = Change(type="picture", job="a", data={"text": "é\n</script>"}, id=7)
    text = events.written.text(change)
    assert events.written.text(change) is text
    assert text == b'id: 7\nevent: picture\ndata: {"job":"a","text":"\\u00e9\\n</script>"}\n\n'


def test_listener_that_is_too_slow_is_told_to_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdplay.server.hub.BACKLOG", 3)

    async def heard() -> list[str]:
        hub = Hub()
        hub.attach(asyncio.get_running_loop())
        async with hub.listening() as listener:
            for number in range(10):
                hub.tell(Change(type="picture", job="a", id=number))
            await asyncio.sleep(0)
            return [change.type for change in await listener.batch(1)]

    assert asyncio.run(heard()) == ["picture", "picture", "picture", "reset"]
