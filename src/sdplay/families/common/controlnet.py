"""ControlNets: networks that look at a picture and add to what the denoising network makes of its latents.

Source: Zhang, Rao & Agrawala, "Adding conditional control to text-to-image diffusion models", arXiv:2302.05543.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.engines.low_memory import SlicedAttention
from sdplay.families.base import ControlCond, Extras


class ControlNet:
    """A ControlNet, placed and ready. `factor` is the side in pixels of what becomes one latent."""

    def __init__(self, module: Any, placement: Placement) -> None:
        module.to(placement.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        if placement.attention_slicing:
            module.set_attn_processor(SlicedAttention())
        config = module.config
        self.placement, self.config = placement, config
        self.factor = 2 ** (len(config.conditioning_embedding_out_channels) - 1)
        self._reversed = config.controlnet_conditioning_channel_order == "bgr"
        # a picture is read once and not at every step: what the network is given is what was read
        self._reader, module.controlnet_cond_embedding = module.controlnet_cond_embedding, torch.nn.Identity()
        module.register_to_config(controlnet_conditioning_channel_order="rgb")
        self.module = module

    @torch.inference_mode()
    def read(self, picture: Tensor) -> Tensor:
        """What it sees in a picture [1, 3, H, W] in 0..1, whose sides are multiples of `factor`."""
        picture = picture.flip(1) if self._reversed else picture
        place = self.placement
        return self._reader(picture.to(place.device, place.dtype, memory_format=torch.channels_last))

    def __call__(
        self, x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], hint: Tensor, extras: Extras
    ) -> list[Tensor]:
        """What is to be added for latents [B, C, h, w], from outside inwards; the middle block's last.

        Rows whose texts are of other lengths are asked for apart, since it cannot be told to look at a part of one.
        """
        parts: list[Tensor] = []
        lengths = [len(text) for text in texts]
        for length in dict.fromkeys(lengths):
            rows = torch.tensor([row for row, other in enumerate(lengths) if other == length], device=x.device)
            some = {kind: {name: each[rows] for name, each in told.items()} for kind, told in extras.items()}
            text = torch.stack([text for text in texts if len(text) == length])
            asked: tuple[Any, ...] = (x[rows], timesteps[rows], text, hint.expand(len(rows), -1, -1, -1))
            down, middle = self.module(*asked, return_dict=False, **some)
            found = [*down, middle]
            if len(rows) == len(x):
                return found
            parts = parts or [each.new_empty(len(x), *each.shape[1:]) for each in found]
            for part, each in zip(parts, found, strict=True):
                part[rows] = each
        return parts


def control_residuals(
    controls: Sequence[ControlCond], x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], extras: Extras
) -> dict[str, Any]:
    """What `guides` have to say to a `UNet2DConditionModel` about latents `x`, added up."""
    total: list[Tensor] = []
    for guide in controls:
        found = [each * guide.scale for each in guide.model(x, timesteps, texts, guide.hint, extras)]
        total = [one + other for one, other in zip(total, found, strict=True)] if total else found
    if not total:
        return {}
    return {"down_block_additional_residuals": total[:-1], "mid_block_additional_residual": total[-1]}
