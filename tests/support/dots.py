"""A bright dot on black, and where it went."""

from __future__ import annotations

import torch
from torch import Tensor


def dot(width: int, height: int, x: int, y: int) -> Tensor:
    """A soft dot around column `x` and row `y`, float32 [height, width, 3]."""
    columns, rows = torch.arange(width), torch.arange(height)
    bump = torch.exp(-((columns[None] - x) ** 2 + (rows[:, None] - y) ** 2) / 8.0)
    return (255 * bump)[..., None].expand(height, width, 3).contiguous()


def place(picture: Tensor) -> tuple[float, float]:
    """The centre of what is bright, (column, row)."""
    weight = picture[..., 0].double()
    columns, rows = torch.arange(weight.size(1)), torch.arange(weight.size(0))
    total = weight.sum()
    return float((weight * columns).sum() / total), float((weight * rows[:, None]).sum() / total)


def scenery(width: int, height: int) -> Tensor:
    """A picture with soft shapes and fine detail in all channels, whole grey levels as float32 [height, width, 3]."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    waves = [torch.sin(x / 5.0) * torch.cos(y / 7.0), torch.sin((x + y) / 4.0), ((x // 8 + y // 8) % 2) * 2.0 - 1]
    return (127 + 100 * torch.stack(waves, dim=-1)).round().float()
