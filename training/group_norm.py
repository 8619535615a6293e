"""A group norm that is quick on a CPU in bfloat16 with channels last, where torch's own is a tenth of a training step.

Normed, each channel is multiplied by one number and added to another, and so is what goes backward: two sums a channel
are all that is needed beside that, and they are made in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def rows_of(x: Tensor) -> Tensor:
    """[B, C, H, W] as [B, H·W, C], without a copy where channels lie last."""
    return x.permute(0, 2, 3, 1).reshape(x.size(0), -1, x.size(1))


def by_group(sums: Tensor, groups: int) -> Tensor:
    """Sums of each channel [B, C] added up over its group, for each channel again."""
    size, channels = sums.shape
    whole = sums.view(size, groups, -1).sum(2, keepdim=True)
    return whole.expand(-1, -1, channels // groups).reshape(size, channels)


class GroupNormOf(torch.autograd.Function):
    """Group norm of [B, C, H, W] in the input's format; sums and what is calculated of them are in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        rows = rows_of(x)
        count = rows.size(1) * rows.size(2) // groups
        mean = by_group(rows.sum(1, dtype=torch.float32), groups) / count
        square = by_group(rows.float().square().sum(1), groups) / count
        scale = (square - mean * mean).clamp(min=0).add(eps).rsqrt()
        ctx.save_for_backward(x, weight, mean, scale)
        ctx.groups = groups
        factor = scale * weight
        return multiplied(x, rows, factor, bias - mean * factor)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale = ctx.saved_tensors
        given, rows = rows_of(grads[0]), rows_of(x)
        count = rows.size(1) * rows.size(2) // ctx.groups
        plain = given.sum(1, dtype=torch.float32)
        along = ((given.float() * rows).sum(1) - mean * plain) * scale  # with what was normed
        means = by_group(plain * weight, ctx.groups) / count
        slopes = by_group(along * weight, ctx.groups) / count * scale
        back = multiplied(x, given, scale * weight, (mean * slopes - means) * scale)
        back -= multiplied(x, rows, slopes * scale, torch.zeros_like(slopes))
        return back, along.sum(0).to(weight.dtype), plain.sum(0).to(weight.dtype), None, None


def multiplied(like: Tensor, rows: Tensor, factor: Tensor, summand: Tensor) -> Tensor:
    """`rows` [B, H·W, C] · `factor` + `summand` [B, C], in the shape and format of `like`."""
    factor, summand = (each.unsqueeze(1).to(rows.dtype) for each in (factor, summand))
    size, channels, height, width = like.shape
    return torch.addcmul(summand, rows, factor).view(size, height, width, channels).permute(0, 3, 1, 2)


def quicken(network: nn.Module) -> nn.Module:
    """Let all group norms of `network` be quick; its weights and, but for rounding, what it computes stay the same."""
    for module in network.modules():
        if isinstance(module, nn.GroupNorm):
            module.forward = _quick(module)  # type: ignore[method-assign]
    return network


def _quick(norm: nn.GroupNorm) -> Any:
    def forward(x: Tensor) -> Tensor:
        return GroupNormOf.apply(x, norm.weight, norm.bias, norm.num_groups, norm.eps)

    return forward
