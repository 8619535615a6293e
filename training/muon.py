"""Muon: momentum whose matrix updates are orthogonalised, with AdamW for everything that is no matrix.

Source: K. Jordan et al., "Muon: an optimizer for hidden layers" (2024), the quintic Newton-Schulz iteration; the scale
0.2·sqrt(max(rows, columns)), which lets it share a learning rate with AdamW, is from Liu et al., arXiv:2502.16982.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from training.partners import Partners, shared

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(update: Tensor, iterations: int = 5) -> Tensor:
    """Push the singular values of each matrix in `update` [n, rows, columns] towards 1; calculated in bfloat16."""
    a, b, c = NEWTON_SCHULZ
    x = update.bfloat16()
    tall = x.size(1) > x.size(2)
    if tall:
        x = x.mT.contiguous()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for `matrices` (linear and convolution weights, flattened to [out, rest]), AdamW for `others`.

    `lr` is shared and set by the caller at each step; `weight_decay` applies to the matrices alone. Where there
    are `partners`, whose gradients are the same, each orthogonalises its share of the matrices for all.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        others: Iterable[Tensor],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        partners: Partners | None = None,
    ) -> None:
        self.partners = partners or Partners()
        groups = [
            {"params": list(matrices), "matrix": True, "momentum": momentum, "weight_decay": weight_decay},
            {"params": list(others), "matrix": False, "betas": betas},
        ]
        super().__init__(groups, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            (self._matrices if group["matrix"] else self._others)(group)

    def _matrices(self, group: dict[str, Any]) -> None:
        members = [p for p in group["params"] if p.grad is not None]
        ahead = [self._ahead(p, group["momentum"]) for p in members]
        owners = shared([matrix.numel() * min(matrix.shape) for matrix in ahead], self.partners.count)
        by_shape: dict[torch.Size, list[int]] = {}
        for k, owner in enumerate(owners):
            if owner == self.partners.rank:
                by_shape.setdefault(ahead[k].shape, []).append(k)
        updates = [torch.empty_like(matrix, dtype=torch.bfloat16) for matrix in ahead]
        for rows in by_shape.values():
            for k, update in zip(rows, orthogonalise(torch.stack([ahead[k] for k in rows])), strict=True):
                updates[k].copy_(update)
        self.partners.pass_on(updates, owners)
        for p, update in zip(members, updates, strict=True):
            if group["weight_decay"]:
                p.mul_(1 - group["lr"] * group["weight_decay"])
            scale = 0.2 * max(update.shape) ** 0.5
            p.add_(update.reshape(p.shape).to(p.dtype), alpha=-group["lr"] * scale)

    def _ahead(self, p: Tensor, momentum: float) -> Tensor:
        """The gradient with Nesterov's momentum, as a matrix [rows, columns]."""
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        buffer = state["momentum"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(buffer, momentum).reshape(p.size(0), -1)

    def _others(self, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if not state:
                state.update(step=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state["step"] += 1
            state["mean"].lerp_(p.grad, 1 - beta1)
            state["square"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            mean = state["mean"] / (1 - beta1 ** state["step"])
            square = state["square"] / (1 - beta2 ** state["step"])
            p.addcdiv_(mean, square.sqrt_().add_(1e-8), value=-group["lr"])
