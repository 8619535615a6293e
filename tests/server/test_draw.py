"""One request, one answer: what a script sends with one line of curl."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sdplay
from sdplay.executors.fake import FakeExecutor
from sdplay.images.write import encode
from sdplay.studio import Studio
from sdplay.version import VERSION
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


def test_the_answer_is_the_file_that_the_command_line_writes(service: RunningService) -> None:
    answer = service.client.post("/api/v1/draw", json={"prompt": "a cat", "seed": 7})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with Studio(FakeExecutor()) as studio:
        picture = studio.draw(sdplay.Txt2Img(prompt="a cat", seed=7))[0]
    assert answer.content == encode(picture, "png", VERSION)


def test_errors_are_those_of_a_job(service: RunningService) -> None:
    answer = service.client.post("/api/v1/draw", json={"prompt": "a cat", "steps": -1})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "steps"


def test_who_goes_away_leaves_no_work_behind(service: RunningService) -> None:
    before = service.get("/api/v1/jobs")["jobs"][0]["id"]
    service.client.post("/api/v1/queue/pause").raise_for_status()

    def ask() -> None:
        with service.open_client() as client, pytest.raises(Exception, match="timed out"):
            client.post("/api/v1/draw", json={"prompt": "nobody waits for it", "seed": 1}, timeout=1.0)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    wait_until(lambda: service.get("/api/v1/jobs")["jobs"][0]["state"] == "cancelled")
    assert service.get("/api/v1/jobs")["jobs"][0]["id"] != before
    service.client.post("/api/v1/queue/resume").raise_for_status()


def test_no_torch_is_loaded_where_requests_are_answered(tmp_path: Path) -> None:
    with running_service(tmp_path, fake=False) as service:
        service.client.post("/api/v1/plan", json={"prompt": "a cat"}).raise_for_status()
        answer = service.client.post("/api/v1/draw", json={"prompt": "a red apple", "seed": 7, "steps": 2})
        assert answer.status_code == 200
        maps = Path(f"/proc/{service.pid}/maps")
        if not maps.exists():
            pytest.skip("this system does not show what a process has loaded")
        assert "libtorch" not in maps.read_text()
        (tmp_path / "apple.png").write_bytes(answer.content)
    with Studio() as studio:
        assert studio.verify(tmp_path / "apple.png").seed == 7


@pytest.mark.parametrize("more", [{}, {"anyway": True}, {"hires_scale": 2.0, "hires_strength": 0.3}])
def test_the_request_of_a_job_makes_the_same_whatever_its_size(service: RunningService, more: dict[str, Any]) -> None:
    first = service.wait(service.submit(prompt="a cat", seed=3, steps=1, width=512, height=256, **more)["id"])
    again = service.wait(service.submit(**first["request"])["id"])
    assert again["recipe"] == first["recipe"]
    assert [each["digest"] for each in again["pictures"]] == [each["digest"] for each in first["pictures"]]
    scale = int(more.get("hires_scale", 1))
    assert (first["pictures"][0]["width"], first["pictures"][0]["height"]) == (512 * scale, 256 * scale)
