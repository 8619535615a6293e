"""The judge learns what it is shown, and nothing where there is nothing to learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from training.art import Concept
from training.colours import BACKGROUNDS, OBJECT_COLOURS
from training.judge import Judge, accuracies, learn, load_judge, new_optimizer, save
from training.views import HEADS, SIDE, UNKNOWN, Gallery, held_out, moved, worn

STEPS, BATCH = 50, 16
CONCEPTS = [Concept("square", "square", "red"), Concept("bar", "bar", "blue"), Concept("ring", "ring")]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a network is slower on many threads, and the figures stay the same on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def gallery() -> Gallery:
    """Three shapes in three "styles": plain, striped, with a black edge."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    far = np.maximum(np.abs(x), np.abs(y))
    shapes = (far < 20, (np.abs(x) < 8) & (np.abs(y) < 26), (np.hypot(x, y) < 24) & (np.hypot(x, y) > 14))
    art = np.zeros((9, SIDE, SIDE, 4), np.uint8)
    for concept, (shape, rgb) in enumerate(zip(shapes, ((220, 40, 50), (50, 90, 220), (240, 200, 60)), strict=True)):
        for style, pattern in enumerate((np.zeros_like(shape), y % 8 < 4, (far > 17) | (np.abs(x) < 2))):
            picture = art[3 * concept + style]
            picture[shape] = (*rgb, 255)
            picture[shape & pattern, :3] = (255, 255, 255) if style == 1 else (10, 10, 10)
    return Gallery(CONCEPTS, art)


def taught(shuffled: bool) -> tuple[Judge, list[tuple[Tensor, dict[str, Tensor]]]]:
    """A judge after a few steps, with its batches of held-out pairs."""
    torch.manual_seed(0)
    rng, shown = np.random.default_rng(0), gallery()
    judge = Judge(shown.labels()).to(memory_format=torch.channels_last)
    optimizer = new_optimizer(judge, 4e-3)
    for _ in range(STEPS):
        pixels, labels = shown.batch(BATCH, rng)
        if shuffled:
            labels = {head: values[torch.randperm(BATCH)] for head, values in labels.items()}
        learn(judge, optimizer, pixels, labels)
    return judge, [shown.batch(96, np.random.default_rng(1), held=True)]


def test_judge_learns_shapes_and_styles_on_pairs_it_never_saw() -> None:
    judge, held = taught(shuffled=False)
    found = accuracies(judge, held)
    assert found["concept"] > 0.75
    assert found["style"] > 0.8


def test_shuffled_labels_teach_nothing() -> None:
    judge, held = taught(shuffled=True)
    assert accuracies(judge, held)["concept"] < 0.6


def test_saved_judge_sees_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    judge = Judge(gallery().labels())
    save(judge, tmp_path, {"clean": {"concept": 0.5}})
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3)).astype(np.uint8)
    again, before = load_judge(tmp_path).probabilities(pictures), judge.probabilities(pictures)
    for head in HEADS:
        assert np.allclose(again[head], before[head], atol=2e-3)
        assert np.allclose(again[head].sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("held", [False, True])
def test_views_keep_the_split(held: bool) -> None:
    shown, rng = gallery(), np.random.default_rng(2)
    for _ in range(200):
        _, _, (concept, _, background, colour) = shown.view(rng, held)
        assert held_out(concept, background) == held
        assert colour == UNKNOWN or held_out(concept, colour) == held
        assert colour == UNKNOWN or list(OBJECT_COLOURS)[colour] != list(BACKGROUNDS)[background]
        assert colour == UNKNOWN or CONCEPTS[concept].colour is not None


def test_batches_are_seeded_and_moved_pictures_stay_premultiplied() -> None:
    shown = gallery()
    one, other = (shown.batch(8, np.random.default_rng(7))[0] for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (8, 3, SIDE, SIDE)
    assert float(one.abs().max()) <= 1
    art = moved(shown.art, np.random.default_rng(0))
    assert (art[..., :3] <= art[..., 3:]).all()
    pixels = worn(one, np.random.default_rng(0))
    assert pixels.shape == one.shape
    assert float(pixels.abs().max()) <= 1
