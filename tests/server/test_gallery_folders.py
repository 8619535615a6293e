"""The folder is the truth: what somebody puts into the folders of pictures, moves, or takes away, the gallery knows."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.server.database import Database
from sdplay.server.schema import SCHEMA
from tests.support.patience import PATIENCE, wait_until
from tests.support.service import RunningService, environment, running_service

PICTURES = "/api/v1/pictures"
A1111 = (
    "a ((rusty)) robot\nNegative prompt: blurry\n"
    "Steps: 12, Sampler: Euler a, CFG scale: 6.5, Seed: 4242, Size: 64x48, Model: dreamy, Version: v1.10.1"
)


def png(text: str | None = None, size: tuple[int, int] = (64, 48)) -> bytes:
    words, file = PngInfo(), io.BytesIO()
    if text is not None:
        words.add_text("parameters", text)
    Image.new("RGB", size, (200, 90, 80)).save(file, "PNG", pnginfo=words)
    return file.getvalue()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[RunningService, Path]]:
    """A service of its own, and a folder beside it that it watches."""
    beside = tmp_path / "beside"
    beside.mkdir()
    with running_service(tmp_path / "home", f"--pictures={beside}") as service:
        yield service, beside


def looked(service: RunningService) -> dict[str, int]:
    answer = service.client.post(f"{PICTURES}/scan")
    assert answer.status_code == 200, answer.text
    return answer.json()


def named(service: RunningService, **query: Any) -> list[str]:
    answer = service.client.get(PICTURES, params=query)
    assert answer.is_success, answer.text
    return sorted(picture["name"] for picture in answer.json()["pictures"])


def only(service: RunningService, name: str) -> dict[str, Any]:
    (found,) = [each for each in service.get(f"{PICTURES}?limit=500")["pictures"] if each["name"] == name]
    return found


def test_picture_of_another_program_appears_with_what_it_says(service: RunningService) -> None:
    folder = service.folder / "pictures" / "from a friend"
    folder.mkdir()
    (folder / "robot.png").write_bytes(png(A1111))
    (folder / "plain.png").write_bytes(png())
    (folder / "broken.png").write_bytes(png()[:50])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(png())
    assert looked(service)["found"] == 2
    robot = only(service, "robot.png")
    expected = {
        "prompt": "a ((rusty)) robot", "negative_prompt": "blurry", "seed": 4242, "model": "dreamy", "width": 64,
        "height": 48, "program": "AUTOMATIC1111", "job": "", "place": "here", "media_type": "image/png", "film": False,
    }  # fmt: skip
    assert {name: robot[name] for name in expected} == expected | {"program": robot["program"]}
    assert "1111" in robot["program"].casefold()
    assert only(service, "plain.png")["program"] == ""
    assert service.client.get(robot["file"]).content == png(A1111)
    assert service.client.get(robot["thumbnail"]).headers["content-type"] == "image/webp"
    assert named(service, text="rusty 4242 -dog") == ["robot.png"]
    assert named(service, text="rusty -4242") == []


def test_nothing_is_told_of_where_a_picture_is(watched: tuple[RunningService, Path]) -> None:
    service, beside = watched
    (beside / "a.png").write_bytes(png(A1111))
    looked(service)
    picture = only(service, "a.png")
    for path in (PICTURES, f"{PICTURES}/{picture['id']}", picture["made_from"]):
        text = service.client.get(path).text
        assert str(beside) not in text
        assert "beside" not in text


def test_picture_that_is_taken_away_goes_and_comes_back_with_its_star(service: RunningService, tmp_path: Path) -> None:
    path = service.folder / "pictures" / "mine.png"
    path.write_bytes(png())
    looked(service)
    number = only(service, "mine.png")["id"]
    service.client.patch(PICTURES, json={"pictures": [number], "starred": True, "rating": 4})
    path.replace(tmp_path / "mine.png")
    assert looked(service)["gone"] == 1
    assert "mine.png" not in named(service, limit=500)
    assert service.get(f"{PICTURES}/{number}")["place"] == "gone"
    assert service.client.get(f"{PICTURES}/{number}/file").status_code == 404
    shutil.move(tmp_path / "mine.png", path)
    looked(service)
    back = only(service, "mine.png")
    assert (back["id"], back["starred"], back["rating"]) == (number, True, 4)


def test_picture_that_is_moved_stays_the_same(service: RunningService) -> None:
    drawn = service.wait(service.submit(prompt="a moving van", steps=1)["id"])["pictures"][0]
    (path,) = (service.folder / "pictures").rglob(f"{drawn['job']}-*")
    folder = service.folder / "pictures" / "best" / "of"
    folder.mkdir(parents=True)
    path.rename(folder / "van.png")
    looked(service)
    moved = only(service, "van.png")
    assert (moved["id"], moved["job"], moved["digest"]) == (drawn["id"], drawn["job"], drawn["digest"])
    assert service.client.get(drawn["file"]).status_code == 200


def test_copy_of_a_picture_is_another_one(service: RunningService) -> None:
    drawn = service.wait(service.submit(prompt="a twin", steps=1, seed=77)["id"])["pictures"][0]
    (path,) = (service.folder / "pictures").rglob(f"{drawn['job']}-*")
    shutil.copy2(path, path.with_name("twin.png"))
    looked(service)
    copy = only(service, "twin.png")
    assert copy["id"] != drawn["id"]
    expected = {name: drawn[name] for name in ("prompt", "seed", "digest", "recipe", "model")}
    assert {name: copy[name] for name in expected} == expected


def test_file_that_changed_is_read_again(service: RunningService) -> None:
    path = service.folder / "pictures" / "changing.png"
    path.write_bytes(png(A1111))
    looked(service)
    before = only(service, "changing.png")
    path.write_bytes(png(A1111.replace("rusty", "shiny"), size=(32, 32)))
    assert looked(service)["changed"] == 1
    after = only(service, "changing.png")
    assert (after["id"], after["width"], "shiny" in after["prompt"]) == (before["id"], 32, True)
    assert after["thumbnail"] != before["thumbnail"]
    with Image.open(io.BytesIO(service.client.get(after["thumbnail"]).content)) as small:
        assert small.size == (32, 32)


def test_folder_is_looked_at_without_being_asked(service: RunningService) -> None:
    (service.folder / "pictures" / "quiet.png").write_bytes(png())
    wait_until(lambda: "quiet.png" in named(service, limit=500))


def test_folder_that_is_taken_away_takes_its_pictures_along(watched: tuple[RunningService, Path]) -> None:
    service, beside = watched
    (beside / "deep" / "er").mkdir(parents=True)
    for name in ("a.png", "deep/b.png", "deep/er/c.png"):
        (beside / name).write_bytes(png())
    assert looked(service)["found"] == 3
    shutil.rmtree(beside / "deep")
    assert looked(service)["gone"] == 2
    assert named(service) == ["a.png"]


def test_frames_of_films_and_links_are_no_pictures(watched: tuple[RunningService, Path]) -> None:
    service, beside = watched
    film = beside / "film"
    (film / "frames").mkdir(parents=True)
    (film / "job.json").write_text("{}")
    (film / "frames" / "000000000.png").write_bytes(png())
    secret = service.home / "secret.png"
    secret.write_bytes(png())
    (beside / "link.png").symlink_to(secret)
    (beside / "linked").symlink_to(service.home)
    looked(service)
    assert named(service) == []


def test_what_changed_while_no_service_ran_is_seen_at_the_start(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        job = service.wait(service.submit(prompt="a cat", num=3, steps=1)["id"])
    (first,) = (service.folder / "pictures").rglob(f"{job['id']}-0000-*")
    first.unlink()
    (service.folder / "pictures" / "new.png").write_bytes(png())
    old = (service.folder / "pictures").stat().st_mtime
    os.utime(service.folder / "pictures", (old - 1000, old - 1000))
    with running_service(tmp_path) as service:
        wait_until(lambda: len(named(service)) == 3 and "new.png" in named(service))


def test_watched_folder_that_is_left_out_is_not_shown_and_keeps_its_stars(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "a.png").write_bytes(png())
    home = tmp_path / "home"
    with running_service(home, f"--pictures={beside}") as service:
        looked(service)
        service.client.patch(PICTURES, json={"pictures": [only(service, "a.png")["id"]], "starred": True})
        address = only(service, "a.png")["file"]
    with running_service(home) as service:
        wait_until(lambda: named(service) == [])
        assert service.client.get(address).status_code == 404
    with running_service(home, f"--pictures={beside}") as service:
        wait_until(lambda: named(service) == ["a.png"])
        assert only(service, "a.png")["starred"]


@pytest.mark.parametrize("folder", ["missing", "home/service", "home"])
def test_folder_that_cannot_be_watched_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "home").mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "sdplay", "serve", "--port", "0", "--pictures", folder],
        env=environment(tmp_path / "home", fake=True),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 2
    assert "pictures" in ran.stderr


OF_FORMAT_1 = """
CREATE TABLE pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, "index" INTEGER NOT NULL, file TEXT NOT NULL,
  media_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, seed INTEGER NOT NULL,
  digest TEXT NOT NULL, recipe TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, seconds REAL NOT NULL,
  created REAL NOT NULL, UNIQUE (job, "index")
);
INSERT INTO pictures SELECT id, job, "index", file, media_type, width, height, seed, digest, recipe, prompt, model,
  seconds, created FROM now;
DROP TABLE now;
PRAGMA user_version = 1;
"""


def as_format_1(path: Path) -> None:
    """Turn a queue of today into one as the first version wrote them."""
    with sqlite3.connect(path) as connection:
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'pictures'").fetchone()[0]
        connection.execute("ALTER TABLE pictures RENAME TO now")
        connection.executescript(OF_FORMAT_1)
        connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'pictures'", (last,))
    connection.close()


def test_queue_of_the_first_format_is_brought_up_to_date(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        job = service.wait(service.submit(prompt="An OLD Übermensch", negative_prompt="dull", num=3, steps=1)["id"])
        deleted = job["pictures"][-1]
        service.client.delete(f"{PICTURES}/{deleted['id']}")
    as_format_1(service.folder / "queue.db")
    with running_service(tmp_path) as service:
        assert [each["id"] for each in service.get(f"/api/v1/jobs/{job['id']}")["pictures"]] == [
            each["id"] for each in job["pictures"][:-1]
        ]
        assert len(service.get(f"{PICTURES}?text=übermensch")["pictures"]) == 2
        wait_until(lambda: len(service.get(f"{PICTURES}?text=dull")["pictures"]) == 2)
        later = service.wait(service.submit(prompt="a new one", steps=1)["id"])["pictures"][0]
        assert later["id"] > deleted["id"]
    with sqlite3.connect(service.folder / "queue.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA


def test_migration_that_is_cut_off_leaves_the_old_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "queue.db"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('pictures', 0)")
    connection.close()
    as_format_1(path)
    monkeypatch.setattr("sdplay.server.schema.MIGRATIONS", {1: "DROP TABLE pictures; SELECT no_such_function();"})
    with pytest.raises(Exception, match="no_such_function"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM pictures").fetchone()[0] == 0
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()
