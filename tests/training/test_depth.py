"""The depth head learns what is near from composed pictures, and is the same after it was saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.drawn import art
from training.depth import MIX, SIDE, DepthHead, DepthSettings, error_of, examples, load_head, save, train
from training.pictures import Chooser, Painter
from training.things import things


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


def test_examples_are_near_below_and_far_above(makers: tuple[Chooser, Painter]) -> None:
    pixels, depth = examples(*makers, 12, np.random.default_rng(0))
    assert pixels.shape == (12, 3, SIDE, SIDE)
    assert depth.shape == (12, 1, SIDE, SIDE)
    assert float(pixels.abs().max()) <= 1
    assert 0 <= float(depth.min()) <= float(depth.max()) <= 1
    assert float(depth[:, :, -8:].mean()) > float(depth[:, :, :8].mean()) + 0.3


def test_the_head_learns(makers: tuple[Chooser, Painter]) -> None:
    torch.manual_seed(0)
    head = DepthHead((8, 16, 16, 16))
    seen = examples(*makers, 16, np.random.default_rng(99))
    before = error_of(head, *seen)
    after = train(head, *makers, DepthSettings(batch=4), steps=40)
    assert after < 0.85 * before


def test_a_saved_head_says_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    head = DepthHead().eval()
    save(head, tmp_path, 0.1)
    pixels = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(load_head(tmp_path)(pixels), head(pixels), atol=2e-3, rtol=1e-2)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000
