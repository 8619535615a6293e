"""The journal of stars and ratings: what was written last counts, and what is damaged is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.server.marks import Mark, MarkJournal

STAR, RATED = Mark("pictures/a.png", True, 0), Mark("pictures/b é\n.png", False, 4)


@pytest.fixture
def journal(tmp_path: Path) -> MarkJournal:
    return MarkJournal(tmp_path / "marks.jsonl")


def test_the_last_line_about_a_file_counts(journal: MarkJournal) -> None:
    assert journal.read() == []
    journal.note([STAR, RATED])
    assert journal.read() == [STAR, RATED]
    journal.note([Mark(STAR.file, False, 0), Mark(RATED.file, True, 5)])
    assert journal.read() == [Mark(RATED.file, True, 5)]
    journal.rewrite([STAR])
    journal.note([RATED])
    assert journal.read() == [STAR, RATED]


def test_what_is_torn_or_damaged_is_passed_over(journal: MarkJournal, tmp_path: Path) -> None:
    journal.note([STAR])
    with (tmp_path / "marks.jsonl").open("ab") as file:
        file.write(
            b'\n\xff\xfe\n[]\n7\n{"file": 3, "starred": true, "rating": 1}\n{"file": "c", "starred": true, "rating": 9}'
        )
        file.write(b'\n{"file": "pictures/c.png", "star')
    journal.note([RATED])
    assert journal.read() == [STAR, RATED]


def test_what_cannot_be_written_is_said_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = MarkJournal(tmp_path / "nowhere" / "marks.jsonl")
    journal.note([STAR])
    journal.rewrite([STAR])
    assert len(caplog.records) == 2
    assert journal.read() == []
