"""What U-Net, VAE and ControlNet are made of: embedded times, residual blocks, halving and doubling of a picture.

Sources: Ho, Jain & Abbeel 2020 (the U-Net of DDPM), He et al. 2016 (residual blocks), Rombach et al. 2022.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, silu

LONGEST_PERIOD = 10_000
# CUDA's kernel that enlarges channels_last cannot count further (pytorch issue 141831), nor as many pictures.
MOST_ENLARGED, MOST_PICTURES = 2**30, 64


def sinusoids(values: Tensor, width: int, *, cosine_first: bool, shift: float) -> Tensor:
    """Each of `values` [N] as `width` sines and cosines of it, at periods from 1 to 10,000: [N, width] float32."""
    half = width // 2
    exponents = -math.log(LONGEST_PERIOD) * torch.arange(half, dtype=torch.float32, device=values.device)
    angles = values[:, None].float() * torch.exp(exponents / (half - shift))[None]
    sine, cosine = torch.sin(angles), torch.cos(angles)
    return torch.cat([cosine, sine] if cosine_first else [sine, cosine], dim=-1)


class Embedding(nn.Module):
    """Two layers from [B, read] to [B, width]; what they read may have a condition [B, `condition`] added to it."""

    def __init__(self, read: int, width: int, condition: int | None = None) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(read, width), nn.Linear(width, width)
        self.cond_proj = None if condition is None else nn.Linear(condition, read, bias=False)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        if self.cond_proj is not None and condition is not None:
            x = x + self.cond_proj(condition)
        return self.linear_2(silu(self.linear_1(x)))


class ResnetBlock(nn.Module):
    """Two convolutions, each behind a norm and SiLU, added to the input; between them the embedded time, if there is
    one (`time_width`).
    """

    def __init__(self, before: int, after: int, groups: int, eps: float, time_width: int | None = None) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, before, eps), nn.Conv2d(before, after, 3, padding=1)
        self.time_emb_proj = None if time_width is None else nn.Linear(time_width, after)
        self.norm2, self.conv2 = nn.GroupNorm(groups, after, eps), nn.Conv2d(after, after, 3, padding=1)
        self.conv_shortcut = None if before == after else nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """`x` [B, C, H, W]; `time` [B, time_width] is the embedded time behind its SiLU, the same in all blocks."""
        hidden = self.first_half(x)
        if self.time_emb_proj is not None:
            hidden = hidden + self.time_emb_proj(time)[:, :, None, None]
        hidden = self.conv2(silu(self.norm2(hidden)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + hidden

    def first_half(self, x: Tensor) -> Tensor:
        """What reaches the second norm where there is no time."""
        return self.conv1(silu(self.norm1(x)))


class Downsample(nn.Module):
    """Half the size, by a convolution; `symmetric` pads all edges, and a VAE pads right and bottom alone."""

    def __init__(self, width: int, *, symmetric: bool = True) -> None:
        super().__init__()
        self.symmetric = symmetric
        self.conv = nn.Conv2d(width, width, 3, stride=2, padding=1 if symmetric else 0)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x if self.symmetric else pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Twice the size, or `size`, by repeating pixels, and a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, size: torch.Size | None = None) -> Tensor:
        if x.size(0) >= MOST_PICTURES or x.numel() > MOST_ENLARGED:
            x = x.contiguous()
        return self.conv(interpolate(x, size, None if size else 2.0, mode="nearest"))
