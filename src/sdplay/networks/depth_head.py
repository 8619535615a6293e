"""The depth head of the program: a small U-Net that says how near everything in a picture is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

WIDTHS = (16, 32, 48, 64, 80)
CHANNELS = 4  # red, green, blue, and how far down a pixel lies
FIRST, WIDTH = "first.0.weight", re.compile(r"down\.\d+\.0\.0\.weight")  # the tensors that say how wide it is


def block(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1), nn.SiLU())


class DepthHead(nn.Module):
    """Pixels [B, 3, H, W] in -1..1 to nearness [B, 1, H, W], 0 far to 1 near.

    Both sides divide by `multiple`. It was trained on pictures of about 128·128 pixels.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.multiple = 2 ** (len(widths) - 1)
        self.first = block(CHANNELS, widths[0])
        self.down = nn.ModuleList(nn.Sequential(block(a, b, 2), block(b, b)) for a, b in pairwise(widths))
        self.up = nn.ModuleList(block(b + a, a) for a, b in reversed(list(pairwise(widths))))
        self.last = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        rows = torch.linspace(-1, 1, pixels.size(2), dtype=pixels.dtype, device=pixels.device)
        x = self.first(torch.cat([pixels, rows[:, None].expand_as(pixels[:, :1])], 1))
        kept: list[Tensor] = []
        for down in self.down:
            kept.append(x)
            x = down(x)
        for up in self.up:
            x = up(torch.cat([interpolate(x, scale_factor=2, mode="bilinear"), kept.pop()], 1))
        return torch.sigmoid(self.last(x))


def depth_head(tensors: Mapping[str, Tensor]) -> DepthHead:
    """The head of a file, with its weights in float32; raises `ValueError` for tensors that are none."""
    levels = sum(WIDTH.fullmatch(name) is not None for name in tensors)
    names = [FIRST, *(f"down.{level}.0.0.weight" for level in range(levels))]
    try:
        found = DepthHead([tensors[name].size(0) for name in names])
        found.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (RuntimeError, LookupError) as error:
        raise ValueError("its tensors are not those of a depth head") from error
    return found.eval().requires_grad_(False)
