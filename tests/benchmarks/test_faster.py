"""Every engine and quality has its row, measured against the same peer."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contestants import Work
from benchmarks.faster import faster_section, large_rows

pytestmark = pytest.mark.usefixtures("quiet_diffusers")


def test_each_way_has_a_row_with_its_loss(tiny_v: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path))
    work = Work(model=str(tiny_v), threads=1, side=64, steps=12, schedule="trailing")
    rows = {row.key: row for row in faster_section(work, 1).rows}
    assert [*rows] == [
        f"faster-{quality}-{engine}" for quality in ("exact", "fast", "draft") for engine in ("torch", "openvino")
    ]
    assert len({row.peer for row in rows.values()}) == 1
    losses = [float(rows[key].loss.split()[1]) for key in rows if key != "faster-exact-torch"]
    exact, fast, _, draft, _ = losses
    assert exact > fast > draft


def test_a_large_model_is_loaded_once_for_both_presets(
    tiny_v: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path))
    rows = large_rows(Work(model=str(tiny_v), threads=1, side=64, steps=12, schedule="trailing"), 1)
    assert [row.key for row in rows] == ["faster-fast-openvino-sd15", "faster-draft-openvino-sd15"]
    fast, draft = (float(row.loss.split()[1]) for row in rows)
    assert fast > draft
    assert len({row.peer for row in rows}) == 1
