"""The depth head learns what is near from composed pictures, and is the same after it was folded and saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sdplay.networks.depth_head import DepthHead, depth_head
from tests.training.drawn import art
from training.depth import (
    MIX,
    SHAPES,
    SIDE,
    DepthSettings,
    Views,
    compared,
    figures,
    folded,
    save,
    train,
    whole,
    with_norms,
)
from training.pictures import Chooser, Painter
from training.things import things

SMALL = DepthSettings(batch=4, kept=8, renewed=1)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def makers() -> tuple[Chooser, Painter]:
    pixels, drawings = art()
    return Chooser(things(drawings), MIX), Painter(pixels)


def test_whole_pictures_are_near_below_and_far_above(makers: tuple[Chooser, Painter]) -> None:
    pixels, depth = whole(*makers, 12, np.random.default_rng(0))
    assert pixels.shape == (12, 3, SIDE, SIDE)
    assert depth.shape == (12, 1, SIDE, SIDE)
    assert float(pixels.abs().max()) <= 1
    assert 0 <= float(depth.min()) <= float(depth.max()) <= 1
    assert float(depth[:, :, -8:].mean()) > float(depth[:, :, :8].mean()) + 0.2


def test_views_are_of_several_shapes_and_partly_new(makers: tuple[Chooser, Painter]) -> None:
    views, rng = Views(*makers, SMALL), np.random.default_rng(1)
    seen = [views.batch(rng) for _ in range(6)]
    shapes = {tuple(pixels.shape[2:]) for pixels, _ in seen}
    assert len(shapes) > 1
    assert shapes <= set(SHAPES)
    assert all(pixels.shape[2:] == depth.shape[2:] for pixels, depth in seen)
    assert all(len(ring) <= SMALL.kept for ring in views.rings.values())


def test_the_head_learns(makers: tuple[Chooser, Painter]) -> None:
    torch.manual_seed(0)
    head = with_norms(DepthHead((8, 8, 8)))
    seen = whole(*makers, 4, np.random.default_rng(99))
    before = compared(head, *seen)["head"]
    train(head, Views(*makers, SMALL), SMALL, steps=24)
    after = compared(head, *seen)["head"]
    assert after["error"] < 0.9 * before["error"]
    assert after["order"] > 0.6


def test_a_folded_and_saved_head_says_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    head, pixels = with_norms(DepthHead()), torch.rand(4, 3, SIDE, SIDE) * 2 - 1
    with torch.no_grad():
        head(pixels)  # so that the norms have seen something
        plain = folded(head)
        torch.testing.assert_close(plain(pixels), head.eval()(pixels), atol=1e-5, rtol=1e-5)
        save(plain, tmp_path, {"head": {"error": 0.12345}})
        read = depth_head(load_file(tmp_path / "model.safetensors"))
        torch.testing.assert_close(read(pixels), plain(pixels), atol=2e-3, rtol=1e-2)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000
    assert '"error": 0.123' in (tmp_path / "config.json").read_text()


def test_figures_of_the_truth_and_of_its_opposite() -> None:
    depth = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert figures(depth, depth) == pytest.approx({"error": 0, "correlation": 1, "order": 1}, abs=1e-5)
    assert figures(1 - depth, depth)["correlation"] == pytest.approx(-1, abs=1e-5)
    assert figures(1 - depth, depth)["order"] == 0
