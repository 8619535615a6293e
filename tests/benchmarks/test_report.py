"""The page shows every row, whether its aim was met, and a reason where it was not."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Timings
from benchmarks.report import Section, cells, document
from benchmarks.rows import Aim, Row, paired, read_reasons

FAST = paired("fast", "a step", Timings((1.0,)), Timings((2.5,)), loss="relative L2 1e-2", aim=Aim(ratio=2.0))
SLOW = paired("slow", "a picture", Timings((2.0,)), Timings((3.0,)), loss="", aim=Aim(ratio=1.8))
HELP = Row(key="help", what="help", clock="CPU", ours=0.2, aim=Aim(seconds=0.25))


def page(reasons: dict[str, str]) -> str:
    return document("a machine", [Section(title="Drawing", about="What.", rows=(FAST, SLOW, HELP))], reasons)


def test_an_aim_is_met_or_missed() -> None:
    assert [row.met for row in (FAST, SLOW, HELP)] == [True, False, True]
    assert paired("x", "x", Timings((1.0,)), Timings((1.0,)), loss="", aim=None).met is None


def test_a_row_shows_both_sides_the_ratio_the_loss_and_the_aim() -> None:
    assert cells(FAST) == ("a step", "CPU", "1.00 s", "2.50 s", "2.50× (2.50..2.50)", "relative L2 1e-2", "≥ 2× met")
    assert cells(HELP) == ("help", "CPU", "0.200 s", "–", "–", "–", "≤ 0.25 s met")


def test_a_missed_aim_has_its_reason_or_says_that_none_is_written() -> None:
    assert "- a picture: the codec\n" in page({"slow": "the codec"})
    assert "- a picture: no reason is written yet" in page({})
    assert "- a step" not in page({})


def test_the_page_names_the_machine() -> None:
    assert "Measured on: a machine." in page({})


def test_the_reasons_on_file_can_be_read(tmp_path: Path) -> None:
    assert all(isinstance(reason, str) for reason in read_reasons().values())
    path = tmp_path / "reasons.toml"
    path.write_text('picture-sd15 = "few steps"\n', encoding="utf-8")
    assert read_reasons(path) == {"picture-sd15": "few steps"}


def test_sections_that_were_not_measured_now_keep_their_figures_and_their_place() -> None:
    def written(machine: str, titles: list[str], before: str = "") -> str:
        sections = [Section(title=title, about="What.", rows=(FAST,)) for title in titles]
        return document(machine, sections, {}, before)

    first = written("an old machine", ["Drawing", "Starting"])
    again = written("a new machine", ["Drawing", "Pictures"], before=first)
    assert [line for line in again.splitlines() if line.startswith(("## ", "Measured"))] == [
        *("## Drawing", "Measured on: a new machine."),
        *("## Starting", "Measured on: an old machine."),
        *("## Pictures", "Measured on: a new machine."),
    ]
    assert written("an old machine", ["Drawing", "Starting"], before=first) == first


def test_what_cannot_be_measured_here_is_said_and_leaves_figures_as_they_were() -> None:
    missing = Section(title="On a GPU", about="No GPU here.", rows=())
    told = document("a machine", [missing], {})
    assert told.endswith("## On a GPU\n\nNo GPU here.\n")
    assert document("a machine", [missing], {}, told) == told
    measured = document("a machine with a GPU", [Section(title="On a GPU", about="What.", rows=(FAST,))], {}, told)
    assert "Measured on: a machine with a GPU." in measured
    assert document("a machine", [missing], {}, measured) == measured
