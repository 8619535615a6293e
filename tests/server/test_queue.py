"""The durable queue: what it accepted stays, in order, and only the attempt that holds a job changes it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdplay.core.errors import DiskFull, StoreError
from sdplay.server.database import SCHEMA, DamagedQueue, Database, NewerQueue
from sdplay.server.gallery import Gallery
from sdplay.server.marks import MarkJournal
from sdplay.server.queue import LEASE, MOST_DEATHS, JobQueue
from sdplay.server.records import Change, Job, new_id
from tests.support.child import ROOT


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, changes: list[Change], clock: Clock) -> Iterator[JobQueue]:
    database = Database(tmp_path / "queue.db", changes.append)
    yield JobQueue(database, clock)
    database.close()


def gallery_of(queue: JobQueue) -> Gallery:
    return Gallery(queue._database, MarkJournal(queue._database._path.with_name("marks.jsonl")))


def accepted(queue: JobQueue, **fields: Any) -> Job:
    return queue.accept("txt2img", {"prompt": "a cat"}, **{"total": 2, "seed": 7, "recipe": "r", **fields})


def claimed(queue: JobQueue) -> Job:
    job = queue.claim()
    assert job is not None
    return job


def picture(index: int = 0, **changed: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"index": index, "file": f"pictures/{index}.png", "media_type": "image/png"}
    fields |= {"width": 8, "height": 8, "seed": 7 + index, "digest": "d", "recipe": "r", "prompt": "a cat"}
    return fields | {"model": "builtin", "seconds": 0.5} | changed


def test_jobs_come_in_the_order_they_were_accepted_in_and_the_urgent_first(queue: JobQueue) -> None:
    first, second, urgent = accepted(queue), accepted(queue), accepted(queue, priority=1)
    assert queue.place(second.id) == 2
    assert [claimed(queue).id for _ in range(3)] == [urgent.id, first.id, second.id]
    assert queue.claim() is None


def test_the_same_recipe_under_the_same_key_is_one_job(queue: JobQueue, changes: list[Change]) -> None:
    job = accepted(queue, key="r:mine")
    assert accepted(queue, key="r:mine") == job
    assert accepted(queue, key="r:other").id != job.id
    assert accepted(queue).id != accepted(queue).id
    assert [change.type for change in changes] == ["queued"] * 4


def test_a_hundred_at_once_with_one_key_make_one_job(queue: JobQueue) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(accepted(queue, key="k").id)) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 100
    assert len(set(made)) == 1
    assert queue.count("queued") == 1


def test_many_threads_claim_each_job_once(queue: JobQueue) -> None:
    names = {accepted(queue).id for _ in range(60)}
    got: list[str] = []

    def work() -> None:
        while (job := queue.claim()) is not None:
            got.append(job.id)
            queue.finish(job, "completed")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(names)


def test_a_job_that_was_taken_away_takes_nothing_more_from_its_old_runner(queue: JobQueue, clock: Clock) -> None:
    accepted(queue)
    old = claimed(queue)
    assert queue.keep_alive(old)
    clock.now += LEASE + 1
    assert queue.reap() == [old.id]
    new = claimed(queue)
    assert (new.id, new.attempt) == (old.id, old.attempt + 1)
    assert queue.add_picture(old, picture()) is None
    assert not queue.keep_alive(old)
    assert not queue.finish(old, "completed")
    queue.give_back(old)
    assert queue.add_picture(new, picture()) is not None
    assert queue.finish(new, "completed")
    assert queue.reap() == []


def test_a_picture_is_listed_once_however_often_it_is_drawn(queue: JobQueue, changes: list[Change]) -> None:
    accepted(queue)
    job = claimed(queue)
    first = queue.add_picture(job, picture())
    queue.give_back(job)
    again = claimed(queue)
    assert queue.add_picture(again, picture()) == first
    assert queue.add_picture(again, picture(1)) is not None
    assert [each.index for each in gallery_of(queue).pictures(job=job.id)] == [0, 1]
    assert [change.type for change in changes].count("picture") == 2
    after = queue.job(job.id)
    assert after is not None
    assert after.done == 2


def test_a_job_that_kills_its_process_three_times_has_failed_and_the_queue_goes_on(queue: JobQueue) -> None:
    poison, good = accepted(queue), accepted(queue)
    for _ in range(MOST_DEATHS):
        job = claimed(queue)
        assert job.id == poison.id
        queue.give_back(job, died={"code": "worker-died", "message": "died"})
    failed = queue.job(poison.id)
    assert failed is not None
    assert (failed.state, failed.error) == ("failed", {"code": "worker-died", "message": "died"})
    assert claimed(queue).id == good.id


def test_a_picture_between_two_deaths_counts_them_anew(queue: JobQueue) -> None:
    job = accepted(queue, total=9)
    for index in range(MOST_DEATHS + 2):
        running = claimed(queue)
        queue.add_picture(running, picture(index))
        queue.give_back(running, died={"code": "worker-died"})
    now = queue.job(job.id)
    assert now is not None
    assert now.state == "queued"


def test_cancelling(queue: JobQueue) -> None:
    waiting, running = accepted(queue), accepted(queue, priority=1)
    job = claimed(queue)
    assert job.id == running.id
    assert queue.cancel(waiting.id) == queue.job(waiting.id)
    queue.cancel(running.id)
    assert queue.is_cancelling(running.id)
    assert not queue.keep_alive(job)
    queue.give_back(job)
    states = [each.state for each in queue.jobs()]
    assert states == ["cancelled", "cancelled"]
    assert queue.cancel("nothing") is None
    again = queue.retry(waiting.id)
    assert again is not None
    assert claimed(queue).id == waiting.id
    assert queue.retry(waiting.id) is None


@pytest.mark.parametrize("how", ["recover", "reap"])
def test_a_job_that_is_to_be_cancelled_is_not_begun_again_after_a_crash(
    queue: JobQueue, clock: Clock, how: str
) -> None:
    job = accepted(queue)
    claimed(queue)
    queue.cancel(job.id)
    clock.now += LEASE + 1
    getattr(queue, how)()
    assert [each.state for each in queue.jobs()] == ["cancelled"]
    assert queue.claim() is None


def test_recovering_puts_running_jobs_back_to_their_places(tmp_path: Path) -> None:
    database = Database(tmp_path / "queue.db")
    queue = JobQueue(database)
    first, second = accepted(queue), accepted(queue)
    queue.pause(True)
    queue.pause(False)
    assert claimed(queue).id == first.id
    database.close()
    database = Database(tmp_path / "queue.db")
    queue = JobQueue(database)
    assert queue.recover() == 1
    assert [claimed(queue).id, claimed(queue).id] == [first.id, second.id]
    database.close()


def test_a_paused_queue_gives_nothing_out_and_stays_paused(queue: JobQueue) -> None:
    job = accepted(queue)
    queue.pause(True)
    assert queue.paused
    assert queue.claim() is None
    queue.pause(False)
    assert claimed(queue).id == job.id


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_moving_is_what_it_would_be_in_a_list(queue: JobQueue, data: st.DataObject) -> None:
    queue._database._connection.execute("PRAGMA synchronous = OFF")  # forty lists: the disk of a busy machine is slow
    for left in queue.waiting():
        queue.cancel(left.id)
    names = [accepted(queue).id for _ in range(5)]
    for _ in range(data.draw(st.integers(0, 8))):
        name = data.draw(st.sampled_from(names))
        before = data.draw(st.sampled_from([*names, ""]))
        queue.move(name, before=before)
        if name != before:
            names.remove(name)
            names.insert(names.index(before) if before else 0, name)
    assert [job.id for job in queue.waiting()] == names


def test_only_what_waits_is_moved(queue: JobQueue) -> None:
    running, waiting = accepted(queue), accepted(queue)
    claimed(queue)
    assert queue.move(running.id, priority=3) is None
    assert queue.move(waiting.id, before=running.id) is None
    moved = queue.move(waiting.id, priority=3)
    assert moved is not None
    assert moved.priority == 3


def test_events_can_be_read_from_where_one_stopped(queue: JobQueue, changes: list[Change]) -> None:
    one, _ = accepted(queue), accepted(queue)
    queue.finish(claimed(queue), "completed")
    assert queue.events_after(0) == changes
    assert [change.type for change in queue.events_after(0, one.id)] == ["queued", "started", "finished"]
    assert queue.events_after(changes[2].id or 0) == changes[3:]
    assert queue.last_event() == changes[-1].id


def test_pictures_are_found_by_words_that_mean_something_to_sql(queue: JobQueue) -> None:
    accepted(queue)
    job = claimed(queue)
    for index, prompt in enumerate(["100% red", "100 red", "a_b", "axb"]):
        queue.add_picture(job, picture(index, prompt=prompt))
    gallery = gallery_of(queue)
    assert [each.prompt for each in gallery.pictures(text="100%")] == ["100% red"]
    assert [each.prompt for each in gallery.pictures(text="a_b")] == ["a_b"]
    assert gallery.pictures(text="' OR 1=1 --") == []
    assert [each.prompt for each in gallery.pictures(limit=2)] == ["axb", "a_b"]
    assert [each.prompt for each in gallery.pictures(before=2)] == ["100% red"]


def test_a_newer_queue_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerQueue, match="newer version"):
        Database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database, and longer than a header of SQLite" * 40, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_queue_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "queue.db").write_bytes(content)
    with pytest.raises(DamagedQueue):
        Database(tmp_path / "queue.db")


def test_pages_that_were_overwritten_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    database = Database(path)
    queue = JobQueue(database)
    for _ in range(300):
        accepted(queue)
    database.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xa5" * 4096 * 3
    path.write_bytes(content)
    with pytest.raises(DamagedQueue):
        Database(path)


FILL = """
import resource, signal, sys
from pathlib import Path
from sdplay.core.errors import DiskFull
from sdplay.server.database import Database
from sdplay.server.marks import MarkJournal
from sdplay.server.queue import JobQueue
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = Database(Path(sys.argv[1]))
queue = JobQueue(database)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
accepted = 0
try:
    while True:
        queue.accept("txt2img", {"prompt": "x" * 5000}, total=1, seed=1, recipe="r")
        accepted += 1
except DiskFull as error:
    print(accepted, queue.count("queued"))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
queue.accept("txt2img", {}, total=1, seed=1, recipe="r")
print(queue.count("queued"))
"""


def test_a_full_disk_refuses_jobs_loses_none_and_takes_them_again(tmp_path: Path) -> None:
    """A limit on the size of files fails as a full disk does."""
    path = tmp_path / "queue.db"
    ran = subprocess.run(
        [sys.executable, "-c", FILL, str(path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    first, second = ran.stdout.split("\n")[:2]
    accepted_before, counted = map(int, first.split())
    assert accepted_before == counted > 0
    assert int(second) == counted + 1
    database = Database(path)
    assert JobQueue(database).count("queued") == counted + 1
    database.close()


def test_errors_of_the_disk_are_errors_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised:
        Database(tmp_path / "missing" / "queue.db")
    assert not isinstance(raised.value, DiskFull)
    assert raised.value.field == "SDPLAY_HOME"


def test_ids_sort_by_time_and_never_repeat() -> None:
    names = [new_id(1_700_000_000 + number) for number in range(50)]
    assert names == sorted(names)
    assert len({new_id(5.0) for _ in range(1000)}) == 1000
    assert {len(name) for name in names} == {18}
