"""`sdplay bench` from its command line: a table, JSON, and what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdplay.bench import measure
from sdplay.cli.main import main
from tests.bench.stand_in import StandIn


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "ours", StandIn)
    monkeypatch.setattr(measure, "stock", lambda: StandIn("stock diffusers"))


def test_a_table_and_advice(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--model", str(tiny), "--engine", "torch", "--steps", "4", "--rounds", "2"]) == 0
    out = capsys.readouterr().out
    assert f"{tiny.name}, 64×64, 4 steps" in out
    lines = [line for line in out.splitlines() if line.startswith(("torch", "stock"))]
    assert [line.split("  ")[0] for line in lines if "thread" not in line] == [
        *("torch, exact", "torch, fast", "torch, draft", "stock diffusers")
    ]
    assert "SPEED is to stock diffusers, by wall time" in out
    assert "- quality: --quality fast with torch" in out


def test_json_holds_every_figure(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["bench", "--model", str(tiny), "--engine", "torch", "--steps", "4", "--rounds", "2", "--no-peer", "--json"]
    assert main(argv) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["steps"], told["peer"], told["busy"]) == (tiny.name, 4, "torch, exact", False)
    assert told["left_out"] == {"stock diffusers": "you left it out"}
    assert {row["way"]["who"] for row in told["rows"]} == {"torch"}
    assert all(row["wall"] > 0 and row["memory"] for row in told["rows"])
    assert told["advice"]


def test_an_engine_that_is_not_here_is_refused(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--model", str(tiny), "--engine", "steam"]) == 2
    assert "engine = 'steam': is not installed here" in capsys.readouterr().err


def test_what_does_not_fit_side_by_side_is_not_begun(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sdplay.bench.plan.memory_available", lambda: 1)
    assert main(["bench", "--model", str(tiny), "--engine", "torch"]) == 1
    assert "--no-peer" in capsys.readouterr().err


def test_ctrl_c_ends_all_processes(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(StandIn, "stop_at", 3)
    assert main(["bench", "--model", str(tiny), "--engine", "torch"]) == 3
    assert StandIn.running == 0
    assert "stopped" in capsys.readouterr().err


def test_one_of_ours_that_ends_fails(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(StandIn, "fails", "torch")
    assert main(["bench", "--model", str(tiny), "--engine", "torch"]) == 1
    assert "torch ended" in capsys.readouterr().err


def test_a_peer_that_ends_is_left_out_and_said(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(StandIn, "fails", "stock diffusers")
    assert main(["bench", "--model", str(tiny), "--engine", "torch", "--rounds", "1"]) == 0
    out = capsys.readouterr().out
    assert "SPEED is to torch, exact" in out
    assert "stock diffusers was not measured: stock diffusers ended" in out
