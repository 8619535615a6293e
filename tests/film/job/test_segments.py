"""Which segments are finished, and what is done about pictures that are gone, cut off, changed, or nobody's."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.core.errors import DiskFull, NotReproduced, StoreError
from sdplay.film.job import frame_file
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import pixel_sha, png_of, read_frame
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import SegmentStore
from sdplay.images.read import Pixels
from tests.support.film import LENGTH, commit, draw_film, files, picture

COUNT = 4


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    """A finished film of four segments."""
    draw_film(tmp_path / "job", COUNT)
    return JobFolder.open(tmp_path / "job")


def recover(job: JobFolder, **options: Any) -> tuple[SegmentStore, frozenset[int]]:
    with job.lock():
        return job.recover(**options)


def test_a_finished_job_is_taken_as_it_is(job: JobFolder) -> None:
    before = files(job.path)
    segments, lost = recover(job)
    assert (lost, len(segments), segments.first_missing) == (frozenset(), COUNT, COUNT)
    assert [segments.is_done(segment) for segment in (-1, 0, 3, 4)] == [False, True, True, False]
    assert [record.number for record in segments] == [0, 1, 2, 3]
    assert segments.record(2).extra == {"seed": 9}
    assert files(job.path) == before


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


def gone(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


def half_zeroed(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:500] + bytes(len(content) - 500))


def another_file(path: Path) -> None:
    path.write_bytes(b"GIF89a" + path.read_bytes()[6:])


def another_frame(path: Path) -> None:
    path.write_bytes(path.with_name("000000006.png").read_bytes())


def gray(path: Path) -> None:
    Image.new("RGB", (24, 24), "gray").save(path)


def smaller(path: Path) -> None:
    Image.fromarray(picture(3, 16)).save(path)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "harm", [gone, empty, cut, zeroed, half_zeroed, another_file, another_frame, gray, smaller, pipe]
)
@pytest.mark.parametrize("name", ["frames/000000003.png", "frames/000000005.png", "keys/000000003.png"])
def test_a_segment_with_a_picture_that_is_no_more_is_drawn_again(harm: Any, name: str, job: JobFolder) -> None:
    whole = files(job.path)
    harm(job.path / name)
    segments, lost = recover(job)
    assert lost == {1}
    assert segments.damaged == (name,)
    assert [record.number for record in segments] == [0, 2, 3]
    assert segments.first_missing == 1
    assert not any((job.path / "frames" / f"{index:09}.png").exists() for index in range(LENGTH, 2 * LENGTH))
    assert not (job.path / "keys" / "000000003.png").exists()
    assert recover(job)[1] == frozenset()
    harm(job.path / "frames" / "000000008.png")
    assert draw_film(job.path, COUNT) == {2, 3}
    assert files(job.path) == whole


def test_every_damaged_file_is_named_up_to_ten(job: JobFolder) -> None:
    assert recover(job)[0].damaged == ()
    names = ["frames/000000000.png", "frames/000000001.png", "keys/000000000.png", "frames/000000011.png"]
    for name in names:
        cut(job.path / name)
    assert recover(job)[0].damaged == tuple(names)
    draw_film(job.path, COUNT)
    for path in (job.path / "frames").iterdir():
        cut(path)
    assert len(recover(job)[0].damaged) == 10


def test_a_journal_with_a_damaged_line_is_named_and_one_that_ends_early_is_not(job: JobFolder) -> None:
    whole, path = files(job.path), job.path / "journal.jsonl"
    cut(path)  # as a crash leaves it
    assert recover(job)[0].damaged == ()
    draw_film(job.path, COUNT)
    path.write_bytes(path.read_bytes().replace(b'"first": 3', b'"first": 4'))
    segments, _ = recover(job)
    assert (segments.damaged, [record.number for record in segments]) == (("journal.jsonl",), [0])
    draw_film(job.path, COUNT)
    assert files(job.path) == whole


@pytest.mark.parametrize(("put", "reason"), [(pipe, "is not a regular file"), (folder, "is a folder")])
def test_what_is_no_file_in_the_place_of_the_journal_is_refused(
    job: JobFolder, put: Callable[[Path], object], reason: str
) -> None:
    put(job.path / "journal.jsonl")
    for read in (recover, lambda job: list(job.records())):
        with pytest.raises(StoreError) as caught:
            read(job)
        assert (caught.value.reason, caught.value.value) == (reason, str(job.path / "journal.jsonl"))


def test_in_a_chain_the_segments_after_a_lost_one_are_lost_too(job: JobFolder) -> None:
    whole = files(job.path)
    gone(job.path / "frames" / "000000004.png")
    segments, lost = recover(job, chain=lambda _: 0)
    assert lost == {1, 2, 3}
    assert len(list((job.path / "frames").iterdir())) == LENGTH
    assert segments.first_missing == 1
    draw_film(job.path, COUNT)
    assert files(job.path) == whole


def test_chains_are_lost_apart(tmp_path: Path) -> None:
    job = JobFolder.create(tmp_path / "job", {})
    with job.lock():
        segments, _ = job.recover()
        for segment in (4, 0, 5, 1, 2, 6, 3):
            commit(segments, SegmentRecord(number=segment, first=segment, sha=()), [picture(segment)])
        for segment in (1, 2, 5):
            gone(segments.frame_path(segment))
        assert job.recover(lambda segment: segment // 4)[1] == {1, 2, 3, 5, 6}
        assert [record.number for record in job.recover()[0]] == [4, 0]


def finish_again(segments: SegmentStore, number: int, frame: Pixels) -> None:
    commit(segments, SegmentRecord(number=number, first=number, sha=()), [frame])


@pytest.fixture
def chain(tmp_path: Path) -> JobFolder:
    """Two chains of three segments, of a frame each."""
    job = JobFolder.create(tmp_path / "chain", {})
    with job.lock():
        segments, _ = job.recover()
        for number in range(6):
            finish_again(segments, number, picture(number))
    return job


def of_three(number: int) -> int:
    return number // 3


def test_a_segment_that_comes_out_the_same_again_keeps_those_after_it(chain: JobFolder) -> None:
    whole = files(chain.path)
    for number in (1, 4):
        gone(chain.path / "frames" / f"{number:09}.png")
    segments, lost = recover(chain, chain=of_three, mend=True)
    assert lost == {1, 4}
    assert [segments.is_done(number) for number in range(6)] == [True, False, True, True, False, True]
    assert (segments.first_missing, len(segments), [record.number for record in segments]) == (1, 4, [0, 2, 3, 5])
    finish_again(segments, 1, picture(1))
    again, lost = recover(chain, chain=of_three, mend=True)  # after a crash before the other one was drawn
    assert (lost, again.damaged) == ({4}, ("frames/000000004.png",))
    finish_again(again, 4, picture(4))
    assert files(chain.path) == whole


def test_a_segment_that_comes_out_otherwise_takes_those_after_it_along(chain: JobFolder) -> None:
    gone(chain.path / "frames" / "000000001.png")
    segments, _ = recover(chain, chain=of_three, mend=True)
    with pytest.raises(NotReproduced, match="frame 1 comes out otherwise than before"):
        finish_again(segments, 1, picture(77))
    again, lost = recover(chain, chain=of_three, mend=True)
    assert (lost, sorted(record.number for record in again)) == (frozenset(), [0, 1, 3, 4, 5])
    np.testing.assert_array_equal(again.read_frame(1), picture(77))


def test_the_last_segment_of_a_chain_may_come_out_otherwise(chain: JobFolder) -> None:
    gone(chain.path / "frames" / "000000005.png")
    segments, _ = recover(chain, chain=of_three, mend=True)
    finish_again(segments, 5, picture(77))
    assert recover(chain, chain=of_three, mend=True)[1] == frozenset()


def test_where_too_many_are_lost_those_after_them_are_too(chain: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdplay.film.job.segments.MOST_MENDED", 1)
    for number in (0, 4):
        gone(chain.path / "frames" / f"{number:09}.png")
    assert recover(chain, chain=of_three, mend=True)[1] == {0, 1, 2, 4, 5}


def test_files_that_are_as_they_were_written_are_not_decoded(job: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def counting(path: Path) -> Pixels:
        decoded.append(path.name)
        return read_frame(path)

    monkeypatch.setattr(frame_file, "read_frame", counting)
    assert recover(job)[1] == frozenset()
    assert decoded == []
    Image.fromarray(read_frame(job.path / "frames" / "000000004.png")).save(job.path / "frames" / "000000004.png")
    assert recover(job)[1] == frozenset()  # another file, and the same pixels
    assert decoded == ["000000004.png"]


def test_a_journal_that_says_nothing_of_files_is_checked_by_their_pixels(job: JobFolder) -> None:
    path = job.path / "journal.jsonl"
    old = [replace(record, files=()) for record in recover(job)[0]]
    path.write_bytes(b"".join(record.line() for record in old))
    assert b"files" not in path.read_bytes()
    assert recover(job)[1] == frozenset()
    gray(job.path / "frames" / "000000004.png")
    assert recover(job)[1] == {1}


def test_changed_pixels_are_found(job: JobFolder) -> None:
    whole = files(job.path)
    journal = whole["journal.jsonl"].splitlines()
    for folder in ("frames", "keys"):
        Image.fromarray(picture(77)).save(job.path / folder / "000000006.png")
        assert recover(job)[1] == {2}
        draw_film(job.path, COUNT)
        again = files(job.path)
        assert again.pop("journal.jsonl").splitlines() == [journal[segment] for segment in (0, 1, 3, 2)]
        assert again.items() < whole.items()


def test_a_picture_whose_middle_is_damaged_is_found_by_hashing(job: JobFolder) -> None:
    path = job.path / "frames" / "000000006.png"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    assert recover(job)[1] == {2}


def test_a_folder_in_the_place_of_a_picture_is_set_aside(job: JobFolder) -> None:
    frame = job.path / "frames" / "000000001.png"
    frame.unlink()
    frame.mkdir()
    (frame / "mine.txt").write_text("mine")
    assert recover(job)[1] == {0}
    assert not frame.exists()
    assert (frame.with_name("000000001.png.aside-1") / "mine.txt").read_text() == "mine"


def test_what_belongs_to_no_segment_is_deleted_and_other_files_stay(job: JobFolder) -> None:
    whole = files(job.path)
    depth = {"depth/000000002.png": b"depth"}
    mine = {"frames/mine.png": b"mine", "notes.txt": b"mine", "frames/0000000001.png": b"mine", "preview.mp4": b"seen"}
    left = ["frames/000000012.png", "keys/000000001.png", "depth/000000012.png", "frames/000000001.png.tmp"]
    left += ["progress.json.tmp", "keys/000000000.png.tmp", "video.mp4.part", ".sdplay-0123456789abcdef"]
    for name, content in (depth | mine | dict.fromkeys(left, b"left")).items():
        (job.path / name).write_bytes(content)
    recover(job)
    assert files(job.path) == whole | mine | depth


def test_forgotten_segments_are_unfinished_and_their_pictures_gone(job: JobFolder) -> None:
    whole = files(job.path)
    with job.lock():
        segments, _ = job.recover()
        segments.forget({3})
        assert (segments.first_missing, segments.is_done(3)) == (3, False)
        assert not segments.frame_path(9).exists()
        assert not segments.key_path(9).exists()
        segments.forget(())
    draw_film(job.path, COUNT)
    assert files(job.path) == whole


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


def test_a_picture_that_cannot_be_read_is_told(job: JobFolder) -> None:
    segments, _ = recover(job)
    half_zeroed(segments.key_path(3))
    empty(segments.frame_path(3))
    for read in (segments.read_key, segments.read_frame):
        with pytest.raises(StoreError, match="is a frame that cannot be read") as caught:
            read(3)
        assert str(caught.value.value).endswith("000000003.png")
