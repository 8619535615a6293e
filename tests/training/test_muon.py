"""Muon: matrices are moved by nearly orthogonal ones, whoever of several processes calculates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from training.muon import Muon, orthogonalise
from training.partners import Partners


@dataclass(frozen=True, slots=True)
class Told(Partners):
    """One of two processes, which is given what the other calculated; `passed` is what it calculated itself."""

    given: list[Tensor] = field(default_factory=list[Tensor])
    passed: dict[int, Tensor] = field(default_factory=dict[int, Tensor])

    def pass_on(self, tensors: Any, owners: Any) -> None:
        for k, (tensor, owner) in enumerate(zip(tensors, owners, strict=True)):
            if owner == self.rank:
                self.passed[k] = tensor.clone()
            else:
                tensor.copy_(self.given[k])


def weights() -> list[Tensor]:
    made = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=made) for shape in ((32, 48), (16, 8, 3, 3), (32, 48), (24, 24))]


def stepped(partners: Partners | None = None) -> list[Tensor]:
    """The weights after one step along the same gradients."""
    parameters, made = weights(), torch.Generator().manual_seed(1)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=made)
    Muon(parameters, [], lr=0.1, weight_decay=0.5, partners=partners).step()
    return parameters


def test_singular_values_are_pushed_towards_one() -> None:
    update = torch.randn((2, 16, 40), generator=torch.Generator().manual_seed(2))
    for turned in (update, update.mT):
        values = torch.linalg.svdvals(orthogonalise(turned).float())
        assert float(values.min()) > 0.6
        assert float(values.max()) < 1.3


def test_two_processes_move_the_weights_as_one_does() -> None:
    alone = stepped()
    scales = [0.1 * 0.2 * max(p.size(0), p[0].numel()) ** 0.5 for p in alone]
    updates = [
        ((before * 0.95 - after) / scale).reshape(after.size(0), -1)
        for before, after, scale in zip(weights(), alone, scales, strict=True)
    ]
    for rank in (0, 1):
        one = Told(rank, 2, given=updates)
        for mine, expected in zip(stepped(one), alone, strict=True):
            torch.testing.assert_close(mine, expected, rtol=0, atol=2e-3)
        assert 0 < len(one.passed) < len(alone)
