"""Which segments are finished, and what is done about pictures that are gone, cut off, changed, or nobody's."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import NotReproduced, StoreError
from sdplay.film.job import frame_file
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import read_frame
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import SegmentStore
from sdplay.images.read import Pixels
from tests.support.film import COUNT, LENGTH, commit, draw_film, files, picture, recover


def test_a_finished_job_is_taken_as_it_is(job: JobFolder) -> None:
    before = files(job.path)
    segments, lost = recover(job)
    assert (lost, len(segments), segments.first_missing) == (frozenset(), COUNT, COUNT)
    assert [segments.is_done(segment) for segment in (-1, 0, 3, 4)] == [False, True, True, False]
    assert [record.number for record in segments] == [0, 1, 2, 3]
    assert segments.record(2).extra == {"seed": 9}
    assert files(job.path) == before


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


def test_a_picture_that_cannot_be_read_is_told(job: JobFolder) -> None:
    segments, _ = recover(job)
    half_zeroed(segments.key_path(3))
    empty(segments.frame_path(3))
    for read in (segments.read_key, segments.read_frame):
        with pytest.raises(StoreError, match="is a frame that cannot be read") as caught:
            read(3)
        assert str(caught.value.value).endswith("000000003.png")
