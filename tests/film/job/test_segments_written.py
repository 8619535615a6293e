"""How pictures of segments come to the disk: as which files, in which order, and what happens where it refuses."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.core.errors import DiskFull, StoreError
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import pixel_sha, png_of
from sdplay.film.job.journal import SegmentRecord
from sdplay.images.read import Pixels
from tests.support.film import COUNT, LENGTH, commit, files, picture, recover


def test_a_frame_is_a_png_of_its_pixels_that_names_its_job_and_index(job: JobFolder) -> None:
    segments, _ = recover(job)
    sha = segments.write_frame(123, picture(5))
    path = job.path / "frames" / "000000123.png"
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert dict(image.info) == {"job": job.digest, "frame": "123"}
        np.testing.assert_array_equal(np.asarray(image), picture(5))
    np.testing.assert_array_equal(segments.read_frame(123), picture(5))
    assert sha == pixel_sha(picture(5)) == pixel_sha(np.asfortranarray(picture(5)))
    content = path.read_bytes()
    segments.write_frame(123, picture(5))
    assert path.read_bytes() == content


def test_a_frame_that_came_as_a_file_becomes_the_same_file(job: JobFolder) -> None:
    segments, _ = recover(job)
    sha, path = segments.write_frame(123, picture(5)), job.path / "frames" / "000000123.png"
    content = path.read_bytes()
    assert segments.write_frame(123, picture(5), png_of(picture(5))) == sha
    assert path.read_bytes() == content
    text = PngInfo()
    text.add_text("job", job.digest)
    text.add_text("frame", "123")
    plain = io.BytesIO()
    Image.fromarray(picture(5)).save(plain, "PNG", pnginfo=text, compress_level=1)
    assert plain.getvalue() == content


def test_segments_that_are_finished_together_are_on_the_disk_before_their_lines(
    job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments, _ = recover(job)
    shas = {index: segments.write_frame(index, picture(index)) for index in range(LENGTH * COUNT, LENGTH * (COUNT + 3))}
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink().name))
    numbers = range(COUNT, COUNT + 3)
    firsts = {number: number * LENGTH for number in numbers}
    segments.finish(
        *(
            SegmentRecord(number=number, first=first, sha=tuple(shas[first + each] for each in range(LENGTH)))
            for number, first in firsts.items()
        )
    )
    assert synced == ["frames", "journal.jsonl"]
    again, lost = recover(job)
    assert (len(again), lost) == (COUNT + 3, frozenset())


def test_commit_writes_pictures_one_at_a_time_and_records_their_hashes(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "job", {})
    held: list[int] = []

    def frames() -> Iterator[Pixels]:
        for index in range(3):
            held.append(len(list((job.path / "frames").iterdir())))
            yield picture(index)

    with job.lock():
        segments, _ = job.recover()
        record = commit(segments, SegmentRecord(number=5, first=10, sha=(), seconds=1.5), frames(), {10: picture(9)})
    assert held == [0, 1, 2]
    assert record == segments.record(5)
    assert (record.stop, record.seconds) == (13, 1.5)
    assert record.sha == tuple(pixel_sha(picture(index)) for index in range(3))
    assert record.keys == {10: pixel_sha(picture(9))}
    np.testing.assert_array_equal(segments.read_key(10), picture(9))
    assert (segments.first_missing, segments.is_done(5)) == (0, True)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell which file a handle is of")
def test_pictures_reach_the_disk_before_their_names_and_all_of_it_before_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    sync, move = os.fsync, os.replace

    def synced(handle: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))
        seen.append(f"sync {name.replace(f'.{os.getpid()}', '')}")
        sync(handle)

    def moved(source: Path, target: Path) -> None:
        seen.append(f"name {target.name}")
        move(source, target)

    job = JobFolder.create(tmp_path / "job", {})
    with job.lock():
        segments, _ = job.recover()
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "replace", moved)
        commit(segments, SegmentRecord(number=0, first=1, sha=()), [picture(1), picture(2)], {0: picture(0)})
    pictures = [
        f"{step} 00000000{index}.png{end}" for index in range(3) for step, end in (("sync", ".tmp"), ("name", ""))
    ]
    assert seen == [*pictures, "sync frames", "sync keys", "sync journal.jsonl"]


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EIO, StoreError)]
)
@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_what_the_disk_refuses_is_told_and_leaves_nothing(
    number: int, kind: type[StoreError], call: str, job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(job.path)

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with job.lock():
        segments, _ = job.recover()
        monkeypatch.setattr(os, call, refused)
        for write in (segments.write_frame, segments.write_key):
            with pytest.raises(StoreError, match="sdplay resume") as caught:
                write(20, picture(0))
            assert type(caught.value) is kind
        monkeypatch.undo()
    assert files(job.path) == before


def test_errors_of_the_one_who_draws_are_not_taken_for_ours(tmp_path: Path) -> None:
    def broken() -> Iterator[Pixels]:
        yield picture(0)
        raise OSError(errno.ENOSPC, "somewhere else")

    job = JobFolder.create(tmp_path / "job", {})
    with pytest.raises(OSError, match="somewhere else"), job.lock():
        commit(job.recover()[0], SegmentRecord(number=0, first=0, sha=()), broken())
    segments, lost = recover(job)
    assert (len(segments), lost, list((job.path / "frames").iterdir())) == (0, frozenset(), [])


def test_an_interruption_leaves_no_half_picture(job: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(job.path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    segments, _ = recover(job)
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        segments.write_frame(20, picture(0))
    monkeypatch.undo()
    assert files(job.path) == before
