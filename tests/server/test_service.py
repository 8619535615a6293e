"""A server process that pretends to draw: what it takes, it draws, and its answers name no folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service


def test_job_is_drawn(service: RunningService) -> None:
    job = service.submit(prompt="a red apple", seed=7, num=2, steps=3)
    ended = service.wait(job["id"])
    assert (ended["state"], ended["done"], [each["index"] for each in ended["pictures"]]) == ("completed", 2, [0, 1])
    picture = service.client.get(f"/api/v1/pictures/{ended['pictures'][1]['id']}/file")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_no_folder_is_told(service: RunningService, tmp_path: Path) -> None:
    job = service.submit(prompt="a red apple", seed=8)
    assert str(service.home) not in service.client.get(f"/api/v1/jobs/{job['id']}").text


def test_it_ends_when_told(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        assert service.stop() == 0
        assert not (service.folder / "running.json").exists()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what a process has loaded")
def test_the_process_that_answers_never_loads_torch(service: RunningService) -> None:
    for path, body in (
        ("plan", {"prompt": "a red apple", "size": 512}),
        ("plan", {"mode": "dream", "prompts": ["a", "b"], "num": 5}),
        ("explain", {"prompt": "a red apple"}),
    ):
        assert service.client.post(f"/api/v1/{path}", json=body).status_code == 200
    film = service.wait(service.submit("animate", animation_prompts="a cat", max_frames=3, steps=1)["id"])
    picture = service.wait(service.submit(prompt="a red apple", steps=1)["id"])["pictures"][0]
    for mode in ("verify", "upscale"):
        assert service.wait(service.submit(mode, picture=picture["id"])["id"])["state"] == "completed"
    assert film["state"] == "completed", film["error"]
    assert "libtorch" not in Path(f"/proc/{service.pid}/maps").read_text()
