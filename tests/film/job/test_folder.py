"""A job folder belongs to one job and one process at a time, and says what it was asked for."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdplay.core.errors import BadRequest, StoreError
from sdplay.film.job.folder import JobFolder, differences
from tests.support import child
from tests.support.film import files, picture

ASKED = {"steps": 20, "prompts": {"0": "a fox"}, "max_frames": 30, "output": {"crf": 17, "fps": 12}, "size": (64, 48)}
FREE = {"max_frames", "output"}


def test_a_new_job_holds_its_description(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "films" / "fox", ASKED, FREE)
    again = JobFolder.open(tmp_path / "films" / "fox")
    assert job.description == again.description == ASKED | {"size": [64, 48]}
    assert job.digest == again.digest
    assert sorted(path.name for path in job.path.iterdir()) == ["job.json"]


def test_the_same_job_is_opened_and_keeps_its_description_until_it_is_updated(tmp_path: Path) -> None:
    first = JobFolder.create(tmp_path / "fox", ASKED, FREE)
    more = ASKED | {"max_frames": 60, "output": {"crf": 20}}
    second = JobFolder.create(tmp_path / "fox", more, FREE)
    assert second.description["max_frames"] == 30
    with second.lock():
        second.update(more)
    opened = JobFolder.open(tmp_path / "fox")
    assert (opened.description["max_frames"], opened.description["output"]) == (60, {"crf": 20})
    assert opened.digest == first.digest


def test_the_digest_tells_jobs_apart_but_not_by_what_is_free(tmp_path: Path) -> None:
    def digest(name: str, **changed: object) -> str:
        return JobFolder.create(tmp_path / name, ASKED | changed, FREE).digest

    assert digest("a") == digest("b", max_frames=99, output={"crf": 1}) != digest("c", steps=21)
    assert JobFolder.create(tmp_path / "d", dict(reversed(ASKED.items())), FREE).digest == digest("a")


def test_the_folder_of_another_job_is_refused_with_what_differs(tmp_path: Path) -> None:
    JobFolder.create(tmp_path / "fox", ASKED, FREE)
    before = files(tmp_path / "fox")
    with pytest.raises(BadRequest, match="belongs to another job: steps: 20 then, 30 now") as caught:
        JobFolder.create(tmp_path / "fox", ASKED | {"steps": 30}, FREE)
    assert caught.value.field == "out"
    assert "fork=NEW" in caught.value.hint
    assert files(tmp_path / "fox") == before


@pytest.mark.parametrize("name", ["holiday.jpg", "frames", "lock"])
def test_a_folder_with_other_files_is_refused_and_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(BadRequest, match=f"holds files already and no job .*{name}"):
        JobFolder.create(tmp_path, ASKED)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"mine"}


def test_a_folder_where_a_job_died_before_it_began_is_as_good_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".sdplay-0123456789abcdef").write_bytes(b"half a job")
    assert JobFolder.create(tmp_path, ASKED).description["steps"] == 20


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"mine")
    with pytest.raises(BadRequest, match="is a file"):
        JobFolder.create(tmp_path / "film", ASKED)
    for missing in ("film", "nothing"):
        with pytest.raises(BadRequest, match="there is no job"):
            JobFolder.open(tmp_path / missing)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": 1}', "[" * 100_000, "\0" * 100])
def test_a_damaged_description_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(content)
    for way in (JobFolder.open, lambda path: JobFolder.create(path, ASKED)):
        with pytest.raises(StoreError, match=r"job\.json is damaged"):
            way(tmp_path)


def test_a_pipe_or_a_device_in_the_place_of_the_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / "job.json").symlink_to("/dev/zero")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "job.json")
    for name in ("device", "pipe"):
        for way in (JobFolder.open, lambda path: JobFolder.create(path, ASKED)):
            with pytest.raises(StoreError, match="not a regular file"):
                way(tmp_path / name)


def test_a_job_of_another_version_is_told(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"format": 2, "digest": "", "description": {}}))
    with pytest.raises(StoreError, match="another version"):
        JobFolder.open(tmp_path)


def test_a_job_whose_description_was_edited_is_refused(tmp_path: Path) -> None:
    JobFolder.create(tmp_path, {"seed": 1, "frames": 4}, ["frames"])
    path = tmp_path / "job.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    edited = JobFolder.open(tmp_path).description
    with pytest.raises(StoreError, match=r"job\.json was changed"):
        JobFolder.create(tmp_path, edited, ["frames"])
    with pytest.raises(StoreError, match=r"job\.json was changed"):
        JobFolder.open(tmp_path, ["frames"])
    path.write_text(path.read_text().replace('"seed": 2', '"seed": 1').replace('"frames": 4', '"frames": 9'))
    assert JobFolder.create(tmp_path, {"seed": 1, "frames": 4}, ["frames"]).description["frames"] == 9


# --- what changed -----------------------------------------------------------------------------------------------------


LONG = "a hill at dawn, oil on canvas, warm light " * 8


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({}, []),
        ({"steps": 30}, ["steps: 20 then, 30 now"]),
        ({"max_frames": 1, "output": {"fps": 1}}, []),
        ({"prompts": {"0": "a fox", "9": "a cat"}}, ["prompts.9: nothing then, 'a cat' now"]),
        ({"prompts": {}}, ["prompts: nothing then, {} now", "prompts.0: 'a fox' then, nothing now"]),
        ({"prompts": None}, ["prompts: nothing then, None now", "prompts.0: 'a fox' then, nothing now"]),
        ({"size": [64, 64], "seed": 0}, ["seed: nothing then, 0 now", "size: [64, 48] then, [64, 64] now"]),
        ({"steps": True}, ["steps: 20 then, True now"]),
    ],
)
def test_differences_are_told_setting_by_setting(changed: dict[str, object], lines: list[str]) -> None:
    assert differences(ASKED, ASKED | changed, FREE) == lines


@pytest.mark.parametrize(
    ("now", "then_shown", "now_shown"),
    [
        (LONG + "a fox", "… 'anvas, warm light a cat'", "… 'anvas, warm light a fox'"),
        (LONG + "a cat b", "… 'as, warm light a cat'", "… 'as, warm light a cat b'"),
        ("an" + LONG[1:] + "a cat", "'a hill at", "'an hill at"),
        (LONG.replace("oil", "ink", 1), "'a hill at dawn, oil on", "'a hill at dawn, ink on"),
        ([LONG, 1], "", ""),
    ],
)
def test_of_long_settings_the_difference_itself_is_shown(now: object, then_shown: str, now_shown: str) -> None:
    (line,) = differences({"prompt": LONG + "a cat"}, {"prompt": now})
    before, _, after = line.removeprefix("prompt: ").removesuffix(" now").partition(" then, ")
    assert before.startswith(then_shown)
    assert after.startswith(now_shown)
    assert before != after
    assert len(line) < 200


def test_one_setting_of_a_group_may_be_ignored() -> None:
    assert differences(ASKED, ASKED | {"output": {"crf": 1, "fps": 13}}, {"output.crf"}) == [
        "output.fps: 12 then, 13 now"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
).filter(lambda value: "inf" not in repr(value))


@given(old=st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_description_does_not_differ_from_what_is_read_back(old: dict[str, object]) -> None:
    assert differences(old, json.loads(json.dumps(old))) == []
    assert differences(old, {}, set(old)) == []


# --- one process at a time --------------------------------------------------------------------------------------------

HOLD = """
import os, signal, sys
from pathlib import Path
from sdplay.film.job.folder import JobFolder
with JobFolder.open(Path(sys.argv[1])).lock():
    print(os.getpid(), flush=True)
    signal.pause() if len(sys.argv) < 3 else os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "fox", ASKED)
    holder = child.start(HOLD, job.path)
    try:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        with pytest.raises(BadRequest, match=rf"already running \(pid {pid}\)") as caught, job.lock():
            pass
        assert (caught.value.exit_code, caught.value.field) == (2, "job")
        assert (job.path / "lock").read_text() == f"{pid}\n"
    finally:
        holder.kill()
        holder.communicate()
    with job.lock():
        assert (job.path / "lock").read_text() == f"{os.getpid()}\n"


def test_one_process_cannot_work_on_a_job_twice(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "fox", ASKED)
    with job.lock():
        with pytest.raises(BadRequest, match=rf"already running \(pid {os.getpid()}\)"), job.lock():
            pass
        with pytest.raises(BadRequest, match="already running"), JobFolder.open(job.path).lock():
            pass
    with job.lock():
        pass
    assert (job.path / "lock").read_text() == ""


def test_the_lock_of_a_dead_process_is_no_hindrance(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "fox", ASKED)
    dead = child.start(HOLD, job.path, "die")
    assert dead.communicate()[0].strip() == str(dead.pid)
    assert dead.returncode == -9
    assert (job.path / "lock").read_text() == f"{dead.pid}\n"
    with job.lock():
        assert (job.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_that_cannot_be_made_is_told_and_errors_within_are_not_ours(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "fox", ASKED)
    with pytest.raises(FileNotFoundError, match="mine"), job.lock():
        raise FileNotFoundError("mine")
    (job.path / "lock").unlink()
    (job.path / "lock").mkdir()
    with pytest.raises(StoreError, match="sdplay resume"), job.lock():
        pass


# --- what is shown while it runs --------------------------------------------------------------------------------------


def test_progress_and_the_latest_picture_are_replaced_whole(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "fox", ASKED)
    for frame in (1, 2):
        job.progress({"phase": "render", "frame": frame})
        job.latest(picture(frame, 700)[:350])
    assert json.loads((job.path / "progress.json").read_bytes()) == {"phase": "render", "frame": 2}
    with Image.open(io.BytesIO((job.path / "latest.jpg").read_bytes())) as image:
        assert (image.format, image.size) == ("JPEG", (512, 256))
    job.latest(np.full((40, 60, 3), 200, np.uint8))
    with Image.open(job.path / "latest.jpg") as image:
        assert image.size == (60, 40)
        assert image.getpixel((30, 20)) == (200, 200, 200)
    assert sorted(path.name for path in job.path.iterdir()) == ["job.json", "latest.jpg", "progress.json"]


def test_what_is_no_job_names_the_ones_nearby(tmp_path: Path) -> None:
    fox = JobFolder.create(tmp_path / "films" / "fox", ASKED, FREE).path
    frame = fox / "frames" / "000000000.png"
    frame.parent.mkdir()
    frame.touch()
    hints = {fox.parent: f"jobs in it: {fox}"}
    hints |= dict.fromkeys((frame, fox / "job.json", frame.parent), f"it belongs to the job {fox}: give that folder")
    hints |= dict.fromkeys((tmp_path, tmp_path / "no"), "give the folder that holds its job.json")
    for path, hint in hints.items():
        with pytest.raises(BadRequest) as caught:
            JobFolder.open(path)
        assert caught.value.hint == hint
