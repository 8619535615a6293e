"""What goes wrong around a service: a damaged or newer queue, a second service, a full disk, files taken away."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sdplay.server.database import SCHEMA
from tests.support.patience import PATIENCE
from tests.support.service import RunningService, environment, running_service

JOB: dict[str, Any] = {"prompt": "a cat", "num": 3, "seed": 5, "steps": 2}
NOISY = """
import sys
import numpy as np
from sdplay.events import ImageDone
from sdplay.executors.fake import FakeExecutor
from sdplay.server.run import ServeOptions, serve
from dataclasses import replace

class Noisy(FakeExecutor):
    def run(self, task):
        for event in super().run(task):
            if isinstance(event, ImageDone) and event.picture.pixels.shape[0] > 256:
                noise = np.random.default_rng(1).integers(0, 256, event.picture.pixels.shape, np.uint8)
                event = replace(event, picture=replace(event.picture, pixels=noise))
            yield event

if __name__ == "__main__":
    serve(ServeOptions(port=0, inside=Noisy), lambda url, token: None)
"""


def listed(service: RunningService, job: str) -> list[tuple[int, str]]:
    return [(each["index"], each["digest"]) for each in service.get(f"/api/v1/jobs/{job}")["pictures"]]


def refused(home: Path) -> str:
    """What a service says that does not start."""
    ran = subprocess.run(
        [sys.executable, "-m", "sdplay", "serve", "--port", "0"],
        env=environment(home, fake=True),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode in {1, 2}
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_a_damaged_queue_is_moved_aside_and_its_pictures_are_listed_again(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        job = service.wait(service.submit(**JOB)["id"])
        before = listed(service, job["id"])
    (tmp_path / "service" / "queue.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    (tmp_path / "service" / "pictures" / "damaged.png").write_bytes(b"not a picture")
    with running_service(tmp_path) as service:
        assert listed(service, job["id"]) == before
        assert service.get(f"/api/v1/jobs/{job['id']}")["state"] == "completed"
        assert service.wait(service.submit(**JOB)["id"])["state"] == "completed"
        assert "damaged" in service.log.read_text()
    assert list((tmp_path / "service").glob("queue.db.corrupt-*"))


@pytest.mark.parametrize("damage", ["broken", "gone"])
def test_stars_and_ratings_outlive_the_queue(tmp_path: Path, damage: str) -> None:
    """Those of drawn pictures, of files that were put into the folder, and of one that was moved afterwards."""
    with running_service(tmp_path) as service:
        pictures = service.folder / "pictures"
        service.wait(service.submit(**JOB)["id"])
        for name in ("mine.png", "other.png"):
            Image.new("RGB", (64, len(name) * 8), "red").save(pictures / name)
        service.client.post("/api/v1/pictures/scan")
        marks = {"mine": {"starred": True}, "other": {"rating": 3}, "-0000-": {"starred": True, "rating": 5}}
        marks["-0001-"] = {"rating": 2}
        for name, mark in marks.items():
            assert service.client.patch("/api/v1/pictures", json={"pictures": [numbers(service)[name]], **mark}).json()
        gone = {"pictures": [numbers(service)["-0001-"]], "rating": 0}
        service.client.patch("/api/v1/pictures", json=gone)
        (pictures / "there").mkdir()
        (pictures / "other.png").rename(pictures / "there" / "other.png")
        service.client.post("/api/v1/pictures/scan")
        before = marked(service)
        assert len(before) == 3
        if damage == "broken":  # as a disk does: nobody may end the process well before
            with (service.folder / "marks.jsonl").open("ab") as journal:
                journal.write(b'\n{"file": "pictures/-0002-')
        service.kill()
    queue = tmp_path / "service" / "queue.db"
    for each in queue.parent.glob("queue.db*"):
        each.write_bytes(b"\xff" * 5000) if damage == "broken" else each.unlink()
    with running_service(tmp_path) as service:
        service.client.post("/api/v1/pictures/scan")
        assert marked(service) == before
        assert service.get("/api/v1/pictures/facets")["total"] == 5
        assert service.get("/api/v1/pictures?starred=true&total=true")["total"] == 2


def numbers(service: RunningService) -> dict[str, int]:
    """Pictures by a part of their names."""
    with closing(sqlite3.connect(service.folder / "queue.db")) as queue:
        rows = queue.execute("SELECT file, id FROM pictures WHERE place = 0").fetchall()
    names = ("mine", "other", "-0000-", "-0001-")
    return {name: number for name in names for file, number in rows if name in file}


def marked(service: RunningService) -> dict[str, tuple[int, ...]]:
    """(starred, rating, width, height) of the files that have one of them."""
    with closing(sqlite3.connect(service.folder / "queue.db")) as queue:
        where = "place = 0 AND (starred OR rating)"
        rows = queue.execute(f"SELECT file, starred, rating, width, height FROM pictures WHERE {where}").fetchall()
    return {row[0]: row[1:] for row in rows}


def test_a_newer_queue_is_refused(tmp_path: Path) -> None:
    with running_service(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "service" / "queue.db") as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    assert "newer version" in refused(tmp_path)


def test_a_second_service_on_one_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        assert "already running" in refused(tmp_path)
        assert service.wait(service.submit(**JOB)["id"])["state"] == "completed"


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with running_service(tmp_path / "one") as service:
        port = service.url.rpartition(":")[2]
        ran = subprocess.run(
            [sys.executable, "-m", "sdplay", "serve", "--port", port],
            env=environment(tmp_path / "two", fake=True),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == 2
    assert f"port = {port}" in ran.stderr


def test_pictures_that_somebody_took_away_are_gone_and_the_rest_is_there(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        job = service.wait(service.submit(**JOB)["id"])
        first, second, _ = job["pictures"]
        (path,) = service.folder.glob(f"pictures/*/{job['id']}-0000-*")
        path.unlink()
        assert service.client.get(f"/api/v1/pictures/{first['id']}/file").status_code == 404
        assert service.client.get(f"/api/v1/pictures/{second['id']}/file").status_code == 200


def test_a_full_disk_fails_the_job_leaves_nothing_and_the_next_is_drawn(tmp_path: Path) -> None:
    """No file may be larger than 300 KB, which fails as a full disk does."""
    script = tmp_path / "noisy.py"
    script.write_text(NOISY)
    home = tmp_path / "home"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with running_service(home, command=[sys.executable, str(script)], preexec_fn=limit) as service:
        large = service.wait(service.submit(prompt="a", seed=1, steps=1, width=512, height=512)["id"])
        assert large["state"] == "failed"
        assert large["error"]["code"] == "disk-full"
        assert str(tmp_path) not in str(large)
        small = service.wait(service.submit(prompt="a", seed=1, steps=1, width=128, height=128)["id"])
        assert small["state"] == "completed"
        files = [path.name for path in (service.folder / "pictures").rglob("*") if path.is_file()]
        assert files == [f"{small['id']}-0000-1.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "SDPLAY_HOME" in refused(tmp_path / "home")
    tmp_path.chmod(0o700)
