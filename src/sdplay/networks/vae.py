"""The VAE of Stable Diffusion (Kingma & Welling 2013; Esser, Rombach & Ommer 2021): pictures to latents and back."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import silu

from sdplay.networks.attention import SpatialSelfAttention
from sdplay.networks.blocks import Downsample, ResnetBlock, Upsample
from sdplay.networks.config import VaeConfig

EPS = 1e-6


class Middle(nn.Module):
    """Two residual blocks at the smallest size, and in all published VAEs an attention between them."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        width, groups = config.block_out_channels[-1], config.norm_num_groups
        self.resnets = nn.ModuleList(ResnetBlock(width, width, groups, EPS) for _ in range(2))
        attention = [SpatialSelfAttention(width, groups, EPS)] if config.mid_block_add_attention else []
        self.attentions = nn.ModuleList(attention)

    def forward(self, x: Tensor) -> Tensor:
        x = self.resnets[0](x)
        for attention in self.attentions:
            x = attention(x)
        return self.resnets[1](x)


class EncoderStage(nn.Module):
    """Residual blocks from `before` to `after` channels, and half the size unless it is the last."""

    def __init__(self, before: int, after: int, config: VaeConfig, *, last: bool) -> None:
        super().__init__()
        read = [before, *[after] * (config.layers_per_block - 1)]
        self.resnets = nn.ModuleList(ResnetBlock(width, after, config.norm_num_groups, EPS) for width in read)
        self.downsamplers = None if last else nn.ModuleList([Downsample(after, symmetric=False)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in (*self.resnets, *(self.downsamplers or ())):
            x = layer(x)
        return x


class DecoderStage(nn.Module):
    """One residual block more, and twice the size unless it is the last."""

    def __init__(self, before: int, after: int, config: VaeConfig, *, last: bool) -> None:
        super().__init__()
        read = [before, *[after] * config.layers_per_block]
        self.resnets = nn.ModuleList(ResnetBlock(width, after, config.norm_num_groups, EPS) for width in read)
        self.upsamplers = None if last else nn.ModuleList([Upsample(after)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in (*self.resnets, *(self.upsamplers or ())):
            x = layer(x)
        return x


class Encoder(nn.Module):
    """Pixels [B, 3, H, W] to mean and log variance of latents, [B, 2·C, h, w]."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = config.block_out_channels
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            EncoderStage(widths[max(stage - 1, 0)], width, config, last=stage == len(widths) - 1)
            for stage, width in enumerate(widths)
        )
        self.mid_block = Middle(config)
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    """Latents [B, C, h, w] to pixels [B, 3, H, W]."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = config.block_out_channels[::-1]
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = Middle(config)
        self.up_blocks = nn.ModuleList(
            DecoderStage(widths[max(stage - 1, 0)], width, config, last=stage == len(widths) - 1)
            for stage, width in enumerate(widths)
        )
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], config.out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mid_block(self.conv_in(x))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(silu(self.conv_norm_out(x)))


class AutoencoderKL(nn.Module):
    """The VAE; latents are as it makes them, not yet scaled for a U-Net. `engines.low_memory` decodes in tiles."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        stages = len(config.block_out_channels)
        if not len(config.down_block_types) == len(config.up_block_types) == stages:
            raise ValueError("its block_out_channels, down_block_types and up_block_types are not as many")
        self.config, latents = config, config.latent_channels
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = nn.Conv2d(2 * latents, 2 * latents, 1) if config.use_quant_conv else nn.Identity()
        self.post_quant_conv = nn.Conv2d(latents, latents, 1) if config.use_post_quant_conv else nn.Identity()

    def encode(self, pixels: Tensor) -> Tensor:
        """The mean of the latents [B, C, h, w] of pixels [B, 3, H, W] in −1..1: the mode of what it was trained to
        draw from.
        """
        mean, _ = self.quant_conv(self.encoder(pixels)).chunk(2, dim=1)
        return mean

    def decode(self, latents: Tensor) -> Tensor:
        """Pixels [B, 3, H, W] in −1..1 of latents [B, C, h, w]."""
        return self.decoder(self.post_quant_conv(latents))
