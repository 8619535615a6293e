"""The U-Net of Stable Diffusion (Rombach et al. 2022): what noise is in latents, given time and text.

On the way down each stage halves the size; what its blocks give is kept, and read again on the way up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from sdplay.networks.attention import SpatialTransformer
from sdplay.networks.blocks import Downsample, Embedding, ResnetBlock, Upsample, sinusoids
from sdplay.networks.config import ATTENDING_DOWN, ATTENDING_MIDDLE, ATTENDING_UP, UNetConfig

Config = TypeVar("Config", bound=UNetConfig)
FAR_BELOW = -10_000.0  # added to the scores of tokens that are not there
TIME_WIDTHS = 4
GUIDANCE_UNIT = 1000.0  # a guidance scale is embedded like a time: its thousandths


class Stage(nn.Module):
    """Residual blocks at one resolution, from each width to the next, and a transformer behind each if it attends.

    `depths` are the transformer blocks behind each residual block, if any.
    """

    def __init__(self, config: UNetConfig, stage: int, read: Sequence[int], depths: Sequence[int] | None) -> None:
        super().__init__()
        width, time_width = config.block_out_channels[stage], TIME_WIDTHS * config.block_out_channels[0]
        norm = config.norm_num_groups, config.norm_eps
        self.resnets = nn.ModuleList(ResnetBlock(before, width, *norm, time_width) for before in read)
        heads = config.heads(stage)
        transformers = [SpatialTransformer(config, width, heads, depth) for depth in depths or ()]
        self.attentions = nn.ModuleList(transformers) if depths else None

    def layer(self, number: int, x: Tensor, time: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        x = self.resnets[number](x, time)
        return x if self.attentions is None else self.attentions[number](x, text, mask)


class DownBlock(Stage):
    """A stage on the way down, which ends by halving the size, but for the last."""

    def __init__(self, config: UNetConfig, stage: int) -> None:
        widths, layers = config.block_out_channels, config.layers(stage)
        read = [widths[max(stage - 1, 0)], *[widths[stage]] * (layers - 1)]
        attends = config.down_block_types[stage] == ATTENDING_DOWN
        super().__init__(config, stage, read, config.depths_down(stage) if attends else None)
        last = stage == config.stages - 1
        self.downsamplers = None if last else nn.ModuleList([Downsample(widths[stage])])

    def forward(self, x: Tensor, time: Tensor, text: Tensor, mask: Tensor | None) -> list[Tensor]:
        """What each layer gives, the last of which goes on."""
        given: list[Tensor] = []
        for number in range(len(self.resnets)):
            x = self.layer(number, x, time, text, mask)
            given.append(x)
        if self.downsamplers is not None:
            given.append(self.downsamplers[0](x))
        return given


class MidBlock(nn.Module):
    """Two residual blocks at the smallest size with a transformer between them, or one alone."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        width, time_width = config.block_out_channels[-1], TIME_WIDTHS * config.block_out_channels[0]
        attends, norm = config.mid_block_type == ATTENDING_MIDDLE, (config.norm_num_groups, config.norm_eps)
        depth, heads = config.depths_down(config.stages - 1)[0], config.heads(config.stages - 1)
        self.resnets = nn.ModuleList(ResnetBlock(width, width, *norm, time_width) for _ in range(1 + attends))
        transformers = [SpatialTransformer(config, width, heads, depth)] if attends else []
        self.attentions = nn.ModuleList(transformers)

    def forward(self, x: Tensor, time: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        x = self.resnets[0](x, time)
        for attention, resnet in zip(self.attentions, self.resnets[1:], strict=True):
            x = resnet(attention(x, text, mask), time)
        return x


class UpBlock(Stage):
    """A stage on the way up, which reads what was kept on the way down and ends by doubling the size, but for the last.

    `stage` is the one on the way down that it mirrors.
    """

    def __init__(self, config: UNetConfig, stage: int) -> None:
        widths, layers = config.block_out_channels, config.layers(stage) + 1
        came = [widths[min(stage + 1, config.stages - 1)], *[widths[stage]] * (layers - 1)]
        kept = [*[widths[stage]] * (layers - 1), widths[max(stage - 1, 0)]]
        read = [x + skip for x, skip in zip(came, kept, strict=True)]
        attends = config.up_block_types[config.stages - 1 - stage] == ATTENDING_UP
        super().__init__(config, stage, read, config.depths_up(stage) if attends else None)
        self.upsamplers = nn.ModuleList([Upsample(widths[stage])]) if stage else None

    def forward(self, x: Tensor, kept: list[Tensor], time: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        """Takes what it reads from the end of `kept`."""
        for number in range(len(self.resnets)):
            x = self.layer(number, torch.cat([x, kept.pop()], dim=1), time, text, mask)
        return x if self.upsamplers is None else self.upsamplers[0](x, kept[-1].shape[-2:])


class UNetEncoder(nn.Module, Generic[Config]):
    """The half of a U-Net that goes down, its middle and what embeds the time: all that a ControlNet has too."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        widths = config.block_out_channels
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding = Embedding(widths[0], TIME_WIDTHS * widths[0], config.time_cond_proj_dim)
        if config.addition_embed_type is not None:
            read = config.projection_class_embeddings_input_dim
            if read is None or config.addition_time_embed_dim is None:
                raise ValueError("it embeds sizes, and does not say how widely (addition_time_embed_dim)")
            self.add_embedding = Embedding(read, TIME_WIDTHS * widths[0])
        self.down_blocks = nn.ModuleList(DownBlock(config, stage) for stage in range(config.stages))
        self.mid_block = None if config.mid_block_type is None else MidBlock(config)

    def embedded_time(
        self, x: Tensor, timestep: Tensor, added: Mapping[str, Tensor] | None, condition: Tensor | None = None
    ) -> Tensor:
        """The time [B], the guidance that an LCM is told, and with SDXL pooled text and sizes, as all residual blocks
        read them: behind the SiLU.
        """
        times = self._sinusoids(timestep.expand(x.size(0)), self.config.block_out_channels[0]).to(x)
        time = self.time_embedding(times, condition)
        if self.config.addition_time_embed_dim is not None and self.config.addition_embed_type is not None:
            if added is None:
                raise ValueError("this network reads added_cond_kwargs: text_embeds and time_ids")
            text, sizes = added["text_embeds"], added["time_ids"]
            numbers = self._sinusoids(sizes.flatten(), self.config.addition_time_embed_dim).view(text.size(0), -1)
            time = time + self.add_embedding(torch.cat([text, numbers], dim=-1).to(time))
        return silu(time)

    def _sinusoids(self, values: Tensor, width: int) -> Tensor:
        return sinusoids(values, width, cosine_first=self.config.flip_sin_to_cos, shift=self.config.freq_shift)

    def down(self, x: Tensor, time: Tensor, text: Tensor, mask: Tensor | None) -> list[Tensor]:
        """`x` and what each layer of the way down gives, the last of which goes on."""
        given = [x]
        for block in self.down_blocks:
            given += block(given[-1], time, text, mask)
        return given

    def middle(self, x: Tensor, time: Tensor, text: Tensor, mask: Tensor | None) -> Tensor:
        return x if self.mid_block is None else self.mid_block(x, time, text, mask)


class UNet(UNetEncoder[UNetConfig]):
    """A whole U-Net; the names of what it takes are those of diffusers' UNet2DConditionModel."""

    def __init__(self, config: UNetConfig) -> None:
        if not len(config.down_block_types) == len(config.up_block_types) == config.stages:
            raise ValueError("its block_out_channels, down_block_types and up_block_types are not as many")
        super().__init__(config)
        width = config.block_out_channels[0]
        self.up_blocks = nn.ModuleList(UpBlock(config, stage) for stage in reversed(range(config.stages)))
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, width, config.norm_eps)
        self.conv_out = nn.Conv2d(width, config.out_channels, 3, padding=1)

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        encoder_attention_mask: Tensor | None = None,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
        down_block_additional_residuals: Sequence[Tensor] | None = None,
        mid_block_additional_residual: Tensor | None = None,
        timestep_cond: Tensor | None = None,
    ) -> Tensor:
        """What the network says of latents [B, C, h, w] at `timestep` [B] or [], in their shape.

        Text is [B, tokens, width], its mask [B, tokens] is 1 for tokens that are there. `added_cond_kwargs` are SDXL's
        `text_embeds` [B, width] and `time_ids` [B, 6]. Residuals are a ControlNet's. `timestep_cond` [B, C] is the
        `guidance_embedding` of an LCM.
        """
        text, mask = encoder_hidden_states, score_mask(encoder_attention_mask, sample)
        time = self.embedded_time(sample, timestep, added_cond_kwargs, timestep_cond)
        kept = self.down(self.conv_in(sample), time, text, mask)
        x = self.middle(kept[-1], time, text, mask)
        if down_block_additional_residuals is not None:
            kept = [one + other for one, other in zip(kept, down_block_additional_residuals, strict=True)]
        if mid_block_additional_residual is not None:
            x = x + mid_block_additional_residual
        for block in self.up_blocks:
            x = block(x, kept, time, text, mask)
        return self.conv_out(silu(self.conv_norm_out(x)))


def guidance_embedding(scales: Sequence[float], width: int) -> Tensor:
    """The guidance scales of a batch as an LCM reads them, [B, width] float32: 1, where there is no guidance, as 0.

    Source: Luo et al. 2023, "Latent Consistency Models" (arXiv:2310.04378), section 4.2.
    """
    return sinusoids((torch.tensor(scales) - 1) * GUIDANCE_UNIT, width, cosine_first=False, shift=1)


def score_mask(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """A mask [B, tokens] as what is added to the scores of attention, [B, 1, tokens]."""
    return None if mask is None else ((1 - mask.to(like.dtype)) * FAR_BELOW)[:, None]
