"""A network as small as it can be, for tests of what trains it."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel


def network(channels: int = 4, seed: int = 0) -> UNet2DConditionModel:
    """One for latents of so many channels, with random weights."""
    torch.manual_seed(seed)
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(16, 16),
        layers_per_block=1,
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"],
        cross_attention_dim=8,
        attention_head_dim=2,
        norm_num_groups=8,
    )
