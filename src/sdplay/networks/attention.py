"""Attention over tokens, of a picture to itself and to a text: [B, tokens, width] where no other shape is given.

Sources: Vaswani et al. 2017 (attention), Rombach et al. 2022 (the spatial transformer), Shazeer 2020 (gated layers).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from sdplay.networks.config import UNetConfig

# softmax(q·kᵀ/√d + mask)·v in so many heads, of queries, keys and values [B, tokens, width] and a mask [B, 1, keys].
Attend = Callable[[Tensor, Tensor, Tensor, int, Tensor | None], Tensor]
MLP_RATIO = 4


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """Attention of all heads at once, [B, queries, width]; `mask` [B, 1, keys] is added to the scores."""
    split = (in_heads(each, heads) for each in (query, key, value))
    mask = None if mask is None else mask[:, None]
    return scaled_dot_product_attention(*split, attn_mask=mask).transpose(1, 2).flatten(2)


def in_heads(x: Tensor, heads: int) -> Tensor:
    """Tokens [B, tokens, width] as [B, heads, tokens, width / heads]."""
    return x.view(*x.shape[:2], heads, x.size(-1) // heads).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head attention of `width` to itself, or to tokens `read_width` wide.

    `attend` can be another way to calculate it, as one head at a time in `engines.low_memory`.
    """

    def __init__(self, width: int, heads: int, read_width: int | None = None, *, bias: bool = False) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"its attention is {width} wide, which {heads} heads do not divide")
        self.heads, self.attend = heads, attend
        self.to_q = nn.Linear(width, width, bias=bias)
        self.to_k = nn.Linear(read_width or width, width, bias=bias)
        self.to_v = nn.Linear(read_width or width, width, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor, read: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        read = x if read is None else read
        return self.to_out[0](self.attend(self.to_q(x), self.to_k(read), self.to_v(read), self.heads, mask))


class SpatialSelfAttention(Attention):
    """The attention of a VAE: one head over all places of [B, C, H, W], with its own norm and added to its input."""

    def __init__(self, width: int, groups: int, eps: float) -> None:
        super().__init__(width, heads=1, bias=True)
        self.group_norm = nn.GroupNorm(groups, width, eps)

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        places = self.group_norm(x.flatten(2)).transpose(1, 2)
        return super().forward(places).transpose(1, 2).reshape(x.shape) + x


class GatedProjection(nn.Module):
    """GEGLU: one half of a projection, times the GELU of the other."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        values, gate = self.proj(x).chunk(2, dim=-1)
        return values * gelu(gate)


class FeedForward(nn.Module):
    """The gated layer of each token on its own; the published names count a dropout between the two matrices."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = MLP_RATIO * width
        self.net = nn.ModuleList([GatedProjection(width, inner), nn.Identity(), nn.Linear(inner, width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    """Self-attention, attention to the text, and the feed-forward layer, each behind a norm and added to its input."""

    def __init__(self, width: int, heads: int, text_width: int) -> None:
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, heads)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, heads, text_width)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x), text, mask) + x
        return self.ff(self.norm3(x)) + x


class SpatialTransformer(nn.Module):
    """So many transformer blocks (`depth`) over the places of [B, C, H, W], between two projections.

    SD 1.x projects with 1×1 convolutions, all later ones with matrices (`use_linear_projection`).
    """

    EPS = 1e-6

    def __init__(self, config: UNetConfig, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.linear = config.use_linear_projection
        self.norm = nn.GroupNorm(config.norm_num_groups, width, self.EPS)
        self.proj_in = nn.Linear(width, width) if self.linear else nn.Conv2d(width, width, 1)
        blocks = [TransformerBlock(width, heads, config.cross_attention_dim) for _ in range(depth)]
        self.transformer_blocks = nn.ModuleList(blocks)
        self.proj_out = nn.Linear(width, width) if self.linear else nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        tokens = self.norm(x)
        if not self.linear:
            tokens = self.proj_in(tokens)
        tokens = tokens.permute(0, 2, 3, 1).flatten(1, 2)
        if self.linear:
            tokens = self.proj_in(tokens)
        for block in self.transformer_blocks:
            tokens = block(tokens, text, mask)
        if self.linear:
            return _as_picture(self.proj_out(tokens), x) + x
        return self.proj_out(_as_picture(tokens, x)) + x


def _as_picture(tokens: Tensor, like: Tensor) -> Tensor:
    """Tokens [B, H·W, C] as [B, C, H, W], in the memory layout of the published code, on which bits depend."""
    return tokens.view(tokens.size(0), *like.shape[-2:], tokens.size(-1)).permute(0, 3, 1, 2).contiguous()
