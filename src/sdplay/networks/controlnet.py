"""ControlNet (Zhang, Rao & Agrawala 2023, arXiv:2302.05543): half a U-Net that reads a picture too."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import silu

from sdplay.networks.config import ControlNetConfig
from sdplay.networks.unet import UNetEncoder


class HintEncoder(nn.Module):
    """What reads a picture [B, 3, H, W]: convolutions of the `widths`, each half as large as the one before."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for before, after in pairwise(widths):
            self.blocks.append(nn.Conv2d(before, before, 3, padding=1))
            self.blocks.append(nn.Conv2d(before, after, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(widths[-1], width, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        x = silu(self.conv_in(picture))
        for block in self.blocks:
            x = silu(block(x))
        return self.conv_out(x)


class ControlNetModel(UNetEncoder[ControlNetConfig]):
    """A ControlNet: `controlnet_cond_embedding` reads a picture, and what is made of it goes in at each call."""

    def __init__(self, config: ControlNetConfig) -> None:
        super().__init__(config)
        widths = config.block_out_channels
        self.controlnet_cond_embedding = HintEncoder(config.conditioning_embedding_out_channels, widths[0])
        kept = [widths[0]]  # the channels of each state on the way down: `conv_in`, the layers, and what halves them
        for stage, width in enumerate(widths):
            kept += [width] * (config.layers(stage) + (stage < config.stages - 1))
        self.controlnet_down_blocks = nn.ModuleList(nn.Conv2d(width, width, 1) for width in kept)
        self.controlnet_mid_block = nn.Conv2d(widths[-1], widths[-1], 1)

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        hint: Tensor,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
    ) -> list[Tensor]:
        """The residuals for a U-Net's states on the way down, and last that of its middle.

        `hint` [B, C, h, w] is what `controlnet_cond_embedding` made of the picture; the others are as a U-Net takes
        them.
        """
        time, text = self.embedded_time(sample, timestep, added_cond_kwargs), encoder_hidden_states
        kept = self.down(self.conv_in(sample) + hint, time, text, None)
        middle = self.middle(kept[-1], time, text, None)
        down = [layer(state) for layer, state in zip(self.controlnet_down_blocks, kept, strict=True)]
        residuals = [*down, self.controlnet_mid_block(middle)]
        if self.config.global_pool_conditions:
            return [residual.mean(dim=(2, 3), keepdim=True) for residual in residuals]
        return residuals
