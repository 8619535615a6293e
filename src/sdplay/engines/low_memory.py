"""The same networks in less memory: attention one head at a time, and a VAE decoder that works in tiles.

Neither is an approximation: the results differ by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm, scaled_dot_product_attention, silu

from sdplay.networks.attention import Attention

Layer = Callable[[Tensor], Tensor]


def slice_attention(network: nn.Module) -> None:
    """Let one head of one row at a time attend in all of `network` from now on."""
    for module in network.modules():
        if isinstance(module, Attention):
            module.attend = attend_sliced


def attend_sliced(query: Tensor, key: Tensor, value: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """What `networks.attention.attend` gives. A head's result does not depend on the others, so none of it is lost."""
    attended, width = torch.empty_like(query), query.size(-1) // heads
    for row in range(query.size(0)):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            one = (tensor[row, None, None, :, part] for tensor in (query, key, value))
            hidden = None if mask is None else mask[row, None, None]
            attended[row, :, part] = scaled_dot_product_attention(*one, attn_mask=hidden)[0, 0]
    return attended


@dataclass(slots=True, eq=False)
class Tile:
    """A part [top:bottom, left:right] of some pixels, and how much of each of its edges belongs to its neighbours."""

    top: int
    left: int
    bottom: int
    right: int
    halo: tuple[int, int, int, int]  # at top, left, bottom, right

    def crop(self, values: Tensor) -> Tensor:
        """This part of `values` [B, C, H, W], with its halo."""
        return values[..., self.top : self.bottom, self.left : self.right]

    def core(self, values: Tensor) -> Tensor:
        """`values` [B, C, H, W] over this part, at any multiple of its size, without its halo."""
        scale = values.size(-1) // (self.right - self.left)
        top, left, bottom, right = (edge * scale for edge in self.halo)
        return values[..., top : values.size(-2) - bottom, left : values.size(-1) - right]


class SharedNorm(nn.Module):
    """A group norm that can take mean and variance from all tiles of a picture, added up tile by tile."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm
        self.reset()

    def reset(self) -> None:
        """Go back to the mean and variance of each input."""
        self.count = 0
        self.total = self.squares = torch.zeros((), dtype=torch.double)

    def add_statistics(self, core: Tensor) -> None:
        """Count the values [1, C, h, w] of one tile, without its halo, in."""
        grouped = core.unflatten(1, (self.norm.num_groups, -1)).float()
        variance, mean = torch.var_mean(grouped, dim=(2, 3, 4), correction=0)
        variance, mean = variance.cpu().double(), mean.cpu().double()
        count = grouped[0, 0].numel()
        self.count += count
        self.total = self.total + mean * count
        self.squares = self.squares + (variance + mean.square()) * count

    def forward(self, x: Tensor) -> Tensor:
        norm = self.norm
        if not self.count:
            return group_norm(x, norm.num_groups, norm.weight, norm.bias, norm.eps)
        mean = self.total / self.count
        inverse_std = (self.squares / self.count - mean.square()).clamp(min=0).add(norm.eps).rsqrt()
        width = x.size(1) // norm.num_groups
        scale = inverse_std.repeat_interleave(width, 1) * norm.weight.double().cpu()
        shift = norm.bias.double().cpu() - mean.repeat_interleave(width, 1) * scale
        scale, shift = (values[..., None, None].to(x.device, torch.float32) for values in (scale, shift))
        return (x * scale).add_(shift).to(x.dtype)


@dataclass(slots=True, eq=False)
class NormSite:
    """A norm of the decoder's tail, and how to compute its input: `layers` one after the other, and then the first half
    of `resnet` if it is the second norm of that.
    """

    norm: SharedNorm
    layers: Sequence[Layer]
    resnet: Any = None

    def input(self, part: Tensor) -> Tensor:
        for layer in self.layers:
            part = layer(part)
        if self.resnet is not None:
            part = self.resnet.first_half(part)
        return part


class TiledDecoder:
    """The decoder of an `AutoencoderKL`, in tiles of `side` pixels if the picture is larger than one.

    Each tile is computed with a halo as wide as the convolutions look, and its group norms take mean and variance of
    the whole picture: so tiles fit together without a seam, and the result differs by rounding alone. A statistics pass
    for each norm finds mean and variance, each time from the start, so a large picture costs some ten times the work.
    The first stages are small and are computed whole.
    """

    WHOLE_STAGES = 1

    def __init__(self, vae: Any, side: int) -> None:
        self.vae, self.side = vae, side
        self.stages = list(vae.decoder.up_blocks[self.WHOLE_STAGES :])
        self.layers: list[Layer] = []
        self.sites: list[NormSite] = []  # in the order of the decoder: the statistics of one need those before it
        for stage in self.stages:
            for resnet in stage.resnets:
                resnet.norm1, resnet.norm2 = SharedNorm(resnet.norm1), SharedNorm(resnet.norm2)
                self.sites.append(NormSite(resnet.norm1, tuple(self.layers)))
                self.sites.append(NormSite(resnet.norm2, tuple(self.layers), resnet))
                self.layers.append(resnet)
            self.layers += stage.upsamplers or ()
        vae.decoder.conv_norm_out = SharedNorm(vae.decoder.conv_norm_out)
        self.sites.append(NormSite(vae.decoder.conv_norm_out, tuple(self.layers)))
        self.layers += [vae.decoder.conv_norm_out, silu, vae.decoder.conv_out]
        self.scale = 2 ** sum(stage.upsamplers is not None for stage in self.stages)
        self.reach = self._reach()

    def __call__(self, latents: Tensor) -> Tensor:
        """Latents [B, C, h, w], unscaled, to pixels [B, 3, H, W] in −1..1."""
        factor = 2 ** (len(self.vae.decoder.up_blocks) - 1)
        if max(latents.shape[-2:]) * factor <= self.side:
            return self.vae.decode(latents)
        return torch.cat([self._in_tiles(row[None]) for row in latents])

    def _in_tiles(self, latents: Tensor) -> Tensor:
        values = self._head(latents)
        height, width = (length * self.scale for length in values.shape[-2:])
        pixels = latents.new_empty(1, self.vae.config.out_channels, height, width)
        try:
            for site in self.sites:
                self._collect_statistics(values, site)
            for tile in self._tiles(values):
                place = pixels[..., self._span(tile.top, tile.bottom), self._span(tile.left, tile.right)]
                tile.core(place).copy_(tile.core(self._tail(values, tile)))
        finally:
            for site in self.sites:
                site.norm.reset()
        return pixels

    def _collect_statistics(self, values: Tensor, site: NormSite) -> None:
        """Let the norm take mean and variance of its input over all tiles from now on."""
        for tile in self._tiles(values):
            site.norm.add_statistics(tile.core(site.input(tile.crop(values))))

    def _head(self, latents: Tensor) -> Tensor:
        decoder = self.vae.decoder
        values = decoder.mid_block(decoder.conv_in(self.vae.post_quant_conv(latents)))
        for stage in decoder.up_blocks[: self.WHOLE_STAGES]:
            values = stage(values)
        return values

    def _tail(self, values: Tensor, tile: Tile) -> Tensor:
        part = tile.crop(values)
        for layer in self.layers:
            part = layer(part)
        return part

    def _tiles(self, values: Tensor) -> Iterator[Tile]:
        height, width = values.shape[-2:]
        step = max(1, self.side // self.scale)
        for top in range(0, height, step):
            for left in range(0, width, step):
                bottom, right = min(top + step, height), min(left + step, width)
                halo = (self._halo(top), self._halo(left), self._halo(height - bottom), self._halo(width - right))
                yield Tile(top - halo[0], left - halo[1], bottom + halo[2], right + halo[3], halo)

    def _halo(self, room: int) -> int:
        """What is computed along at a tile's edge: nothing at that of the picture."""
        return min(self.reach, room)

    def _span(self, first: int, last: int) -> slice:
        return slice(first * self.scale, last * self.scale)

    def _reach(self) -> int:
        """How far a convolution's view goes beyond a tile's edge, in pixels before the first stage, rounded up."""
        pixels, size = 1, 1  # of conv_out; `size` is that of a stage's pixel in pixels of the picture
        for stage in reversed(self.stages):
            size = size * 2 if stage.upsamplers is not None else size
            pixels += (size // 2 if stage.upsamplers is not None else 0) + 2 * len(stage.resnets) * size
        return -(-pixels // self.scale)
