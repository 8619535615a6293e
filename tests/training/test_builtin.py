"""The model in the box draws what it is asked for, by the word of a judge that never saw a generated picture."""

from __future__ import annotations

from pathlib import Path

import pytest

import training
from training.evaluate import quick
from training.judge import Judge, load_judge

WEIGHTS = Path(training.__file__).parent / "judge_weights"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge(WEIGHTS)


def test_things_everybody_knows_are_recognised_and_shuffled_prompts_are_not(builtin: Path, judge: Judge) -> None:
    right, by_chance = quick(builtin, judge)
    assert right >= 0.8
    assert by_chance <= 0.15


def test_an_untrained_model_draws_nothing_that_is_recognised(tiny_v: Path, judge: Judge) -> None:
    right, _ = quick(tiny_v, judge, concepts=("apple", "cat", "car", "tree", "star", "house"), steps=2)
    assert right <= 0.34
