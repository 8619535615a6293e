"""The journal gives back every finished segment, and of a damaged file all that comes before the damage."""

from __future__ import annotations

import errno
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdplay.core.errors import StoreError
from sdplay.film.job.journal import Journal, SegmentRecord, read_journal
from tests.support.refusals import no_runaway

EXTRA = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name not in {"unit", "first", "stop", "seconds", "sha", "keys"}),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    max_size=3,
)
HASHES = st.text("0123456789abcdef", min_size=32, max_size=32)
RECORDS = st.builds(
    SegmentRecord,
    number=st.integers(0, 10**6),
    first=st.integers(0, 10**6),
    sha=st.lists(HASHES, max_size=4).map(tuple),
    seconds=st.floats(0, 1e6),
    keys=st.dictionaries(st.integers(0, 10**6), HASHES, max_size=2),
    extra=EXTRA,
)


def record(segment: int, sha: str = "ab") -> SegmentRecord:
    return SegmentRecord(number=segment, first=3 * segment, sha=(sha,) * 3, seconds=0.5, extra={"seed": segment})


def filled(path: Path, *numbers: int) -> Journal:
    journal = Journal.open(path)
    for segment in numbers:
        journal.add(record(segment))
    return journal


def full_at_first() -> Callable[[int], None]:
    """Brings to the disk what it is given, but for the first time, when that is full."""
    real, calls = os.fsync, list[int]()

    def sync(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    return sync


@given(record=RECORDS)
def test_a_record_is_read_back_as_it_was_written(record: SegmentRecord) -> None:
    line = record.line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert SegmentRecord.parse(line[9:]) == record


def test_a_line_is_its_checksum_and_json(tmp_path: Path) -> None:
    filled(tmp_path / "j", 0)
    crc, body = (tmp_path / "j").read_bytes().rstrip(b"\n").split(b" ", 1)
    assert int(crc, 16) == zlib.crc32(body)
    told = json.loads(body)
    assert (told["unit"], told["first"], told["stop"], told["seed"], len(told["sha"])) == (0, 0, 3, 0, 3)


@settings(max_examples=60)
@given(segments=st.lists(st.integers(0, 30), unique=True, max_size=20))
def test_segments_finished_in_any_order_are_known(
    segments: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    for journal in (filled(path, *segments), Journal.open(path)):
        assert [segment for segment in range(-2, 33) if segment in journal] == sorted(segments)
        assert len(journal) == len(segments)
        assert journal.first_missing == next(segment for segment in range(32) if segment not in segments)
        assert [found.number for found in journal] == segments
        assert all(journal.record(segment) == record(segment) for segment in segments)


def test_a_file_torn_at_any_byte_keeps_the_whole_lines_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j"
    filled(path, 0, 1, 2)
    whole = path.read_bytes()
    ends = [position + 1 for position, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        journal = Journal.open(path)
        assert journal.first_missing == len(journal) == kept
        assert path.read_bytes() == whole[: ([0, *ends])[kept]]
        if kept < 3:
            journal.add(record(kept))
            assert path.read_bytes() == whole[: ends[kept]]


def test_one_flipped_bit_anywhere_costs_its_line_and_those_after_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    filled(path, 0, 1, 2)
    whole = path.read_bytes()
    line = whole.index(b"\n") + 1
    for position in range(line, 2 * line):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << position % 8]) + whole[position + 1 :])
        assert [found.number for found in Journal.open(path)] == [0], position
        assert path.read_bytes() == whole[:line]


@pytest.mark.parametrize(
    "tail", [b"\0" * 4096, b"\n", b"00000000 {}\n", b"%08x {}\n" % zlib.crc32(b"{}"), b"\xff" * 50]
)
def test_what_a_power_cut_leaves_behind_is_cut_off(tail: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j"
    filled(path, 0, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert len(Journal.open(path)) == 2
    assert path.read_bytes() == whole


def test_only_looking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j"
    filled(path, 0, 1)
    torn = path.read_bytes()[:-1]
    path.write_bytes(torn)
    assert list(read_journal(path)) == [record(0)]
    assert path.read_bytes() == torn


def test_dropped_segments_are_forgotten_for_good(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = filled(path, 0, 1, 2, 3, 5)
    journal.drop({1, 3, 9})
    for again in (journal, Journal.open(path)):
        assert [found.number for found in again] == [0, 2, 5]
        assert again.first_missing == 1
    journal.add(record(1))
    assert Journal.open(path).first_missing == 3
    assert [file.name for file in tmp_path.iterdir()] == ["j"]


def test_a_line_that_did_not_reach_the_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    journal = filled(path, 0)
    whole = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full_at_first())
    with pytest.raises(OSError, match="No space"):
        journal.add(record(1))
    assert path.read_bytes() == whole
    assert 1 not in journal
    journal.add(record(1))
    assert [found.number for found in Journal.open(path)] == [0, 1]


def test_of_several_that_are_added_together_none_stays_if_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = filled(tmp_path / "j", 0)
    monkeypatch.setattr(os, "fsync", full_at_first())
    with pytest.raises(OSError, match="No space"):
        journal.add(record(1), record(2))
    assert [found.number for found in journal] == [0]
    journal.add(record(2), record(1), record(5))
    assert [found.number for found in Journal.open(tmp_path / "j")] == [0, 2, 1, 5]
    assert (journal.first_missing, 5 in journal) == (3, True)


def test_several_that_are_added_together_wait_for_the_disk_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, calls = filled(tmp_path / "j"), list[int]()
    monkeypatch.setattr(os, "fsync", calls.append)
    journal.add(*(record(number) for number in range(20)))
    assert (len(calls), len(journal)) == (1, 20)


def test_a_segment_is_finished_once(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j", 0)
    with pytest.raises(ValueError, match="segment 0 is in the journal already"):
        journal.add(record(0))
    with pytest.raises(KeyError):
        journal.record(1)


def test_a_line_of_another_program_is_an_error_and_not_dropped(tmp_path: Path) -> None:
    body = b'{"unit": 0, "frames": 3}'
    (tmp_path / "j").write_bytes(b"%08x %s\n" % (zlib.crc32(body), body))
    journal = Journal.open(tmp_path / "j")
    with pytest.raises(StoreError, match="another version"):
        list(journal)


@pytest.mark.parametrize("wrong", [{"number": -1}, {"first": -1}, {"extra": {"sha": 1}}])
def test_a_record_that_could_not_be_read_back_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"count from 0|may not hold sha"):
        SegmentRecord(**{"number": 0, "first": 0, "sha": ()} | wrong)


def test_a_hundred_thousand_segments_open_soon_and_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with path.open("wb") as file:
        file.writelines(record(segment, "ab" * 16).line() for segment in range(100_000))
    with no_runaway():
        journal = Journal.open(path)
    assert journal.first_missing == 100_000
    tracemalloc.start()
    try:
        held = Journal.open(path)
        assert held.record(2_000).extra == {"seed": 2_000}
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 200_000, f"{most:,} bytes"
