"""Processes that train together have the same gradients, and stop together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch

from training.partners import Partners, shared


def test_two_processes_have_the_mean_of_both(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.training.averaged", str(tmp_path)], check=True, timeout=240)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first["means"] == second["means"] == [[[1.5] * 3] * 2, None, [5.0, 15.0]]
    assert first["passed"] == second["passed"] == [[17.0] * 2, [8.0] * 2, [19.0] * 2]
    assert first["agreed"] == second["agreed"] == [0.5, 5.0]
    assert (first["rank"], second["rank"]) == (0, 1)


def test_one_alone_leaves_its_gradients_as_they_are() -> None:
    gradient = torch.tensor([1.0, 2.0])
    alone = Partners()
    alone.average([gradient, None])
    assert gradient.tolist() == [1.0, 2.0]
    assert alone.agree(3.0, 1) == [3.0, 1]


def test_work_is_shared_so_that_all_have_about_as_much() -> None:
    costs = [1.0, 9, 4, 4, 2, 7, 3]
    owners = shared(costs, 2)
    loads = [sum(cost for cost, owner in zip(costs, owners, strict=True) if owner == rank) for rank in (0, 1)]
    assert loads == [15, 15]
    assert shared(costs, 1) == [0] * 7
