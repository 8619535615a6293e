"""Without a GPU the section says so; its rows are measured here on the CPU, with a CUDA graph that is pretended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.contestants import Work
from benchmarks.gpu import gpu_rows, gpu_section
from sdplay.engines import cuda

pytestmark = pytest.mark.usefixtures("quiet_diffusers")


def work(model: Path) -> Work:
    return Work(model=str(model), threads=1, side=64, steps=2, schedule="trailing")


def test_where_there_is_no_gpu_it_says_so(tiny_v: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    section = gpu_section(work(tiny_v), 1)
    assert section.rows == ()
    assert "Not measured" in section.about


def test_each_engine_has_its_call_and_its_picture_and_is_waited_for(
    tiny_v: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(call: Callable[[], Tensor], device: torch.device) -> tuple[Callable[[], None], Tensor]:
        answer = call().clone()

        def replay() -> None:
            answer.copy_(call())

        return replay, answer

    monkeypatch.setattr(cuda.CudaEngine.__init__, "__defaults__", (record,))
    waits: list[None] = []
    rounds, engines = 2, ("torch", "cuda")
    rows = gpu_rows(work(tiny_v), rounds, engines, lambda: waits.append(None), torch.float32)
    assert [row.key for row in rows] == [f"gpu-{engine}-{what}" for engine in engines for what in ("step", "picture")]
    assert len(waits) == rounds * 2 * (len(engines) + 1) + 2 * (len(engines) + 1)  # with those that warm up
    assert {row.clock for row in rows} == {"wall"}
    assert [row.aim is None for row in rows] == [True, True, True, False]
    assert float(rows[2].loss.split()[-1]) < 2e-2  # the small model draws in float32 or bfloat16
