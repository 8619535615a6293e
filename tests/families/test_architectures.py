"""What the table of architectures promises: a card and a loader for each, and one for every U-Net."""

from __future__ import annotations

from importlib import import_module
from itertools import product

import pytest

from sdplay.families import ARCHITECTURES, COMPONENTS
from sdplay.families.common.detect import Architecture
from sdplay.library.card import shipped_cards


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda each: each.name)
def test_each_has_a_card_and_a_loader(architecture: Architecture) -> None:
    assert shipped_cards()[architecture.name].family == architecture.family
    assert callable(import_module(f"sdplay.families.{architecture.family}.model").load)
    assert architecture.prefixes.keys() <= set(COMPONENTS)


@pytest.mark.parametrize(("linear", "sized"), list(product([False, True], repeat=2)))
def test_every_unet_is_recognised_as_one_of_them(linear: bool, sized: bool) -> None:
    assert sum(each.recognises(linear=linear, sized=sized) for each in ARCHITECTURES) == 1
