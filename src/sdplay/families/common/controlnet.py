"""ControlNets at work: networks that read a picture and add residuals to the U-Net's.

Source: Zhang, Rao & Agrawala, "Adding conditional control to text-to-image diffusion models", arXiv:2302.05543.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import Placement
from sdplay.families.base import ControlCond, Extras

if TYPE_CHECKING:
    from sdplay.networks.controlnet import ControlNetModel

READS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}  # by the width of its texts


class ControlNet:
    """A ControlNet, placed and ready. `factor` is the side in pixels of what becomes one latent."""

    def __init__(self, module: ControlNetModel, placement: Placement) -> None:
        module.eval().requires_grad_(False)
        if placement.attention_slicing:
            from sdplay.engines.low_memory import slice_attention

            slice_attention(module)
        config = module.config
        self.placement, self.config = placement, config
        self.factor = 2 ** (len(config.conditioning_embedding_out_channels) - 1)
        self._reversed = config.controlnet_conditioning_channel_order == "bgr"
        self.module = module

    @torch.inference_mode()
    def read(self, picture: Tensor) -> Tensor:
        """The hint for a picture [1, 3, H, W] in 0..1, whose sides are multiples of `factor`."""
        picture = picture.flip(1) if self._reversed else picture
        place = self.placement
        return self.module.controlnet_cond_embedding(
            picture.to(place.device, place.dtype, memory_format=torch.channels_last)
        )

    def __call__(
        self, x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], hint: Tensor, extras: Extras
    ) -> list[Tensor]:
        """The residuals for latents [B, C, h, w] of the down blocks, and last of the middle block.

        Rows with texts of different lengths are separate calls, since it has no mask for text.
        """
        parts: list[Tensor] = []
        lengths = [len(text) for text in texts]
        for length in dict.fromkeys(lengths):
            rows = torch.tensor([row for row, other in enumerate(lengths) if other == length], device=x.device)
            some = {kind: {name: each[rows] for name, each in values.items()} for kind, values in extras.items()}
            text = torch.stack([text for text in texts if len(text) == length])
            found: list[Tensor] = self.module(
                x[rows], timesteps[rows], text, hint.expand(len(rows), -1, -1, -1), **some
            )
            if len(rows) == len(x):
                return found
            parts = parts or [each.new_empty(len(x), *each.shape[1:]) for each in found]
            for part, each in zip(parts, found, strict=True):
                part[rows] = each
        return parts


def control_residuals(
    controls: Sequence[ControlCond], x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], extras: Extras
) -> dict[str, Any]:
    """The residuals of `controls` for latents `x`, added up, as a U-Net takes them."""
    total: list[Tensor] = []
    for control in controls:
        found = [each * control.scale for each in control.model(x, timesteps, texts, control.hint, extras)]
        total = [one + other for one, other in zip(total, found, strict=True)] if total else found
    if not total:
        return {}
    return {"down_block_additional_residuals": total[:-1], "mid_block_additional_residual": total[-1]}


def check_controlnet_fits(control: Any, unet: Any, factor: int, path: Path) -> None:
    """Raise `BadRequest` unless a ControlNet's configuration fits a network's, whose VAE has this `factor`."""
    if reason := why_unfit(control, unet, factor):
        raise BadRequest(reason, field="controlnet", value=str(path), hint="take a ControlNet made for the model")


def why_unfit(control: Any, unet: Any, factor: int) -> str:
    """What a ControlNet's configuration does not share with a network's; empty where it fits."""
    for part in (
        "cross_attention_dim",
        "block_out_channels",
        "layers_per_block",
        "projection_class_embeddings_input_dim",
    ):
        mine, its = getattr(control, part, None), getattr(unet, part, None)
        mine, its = (tuple(each) if isinstance(each, list | tuple) else each for each in (mine, its))
        if mine != its:
            if _called(control) == _called(unet):
                return f"it was made for another network: its {part} is {mine}, the model's {its}"
            return f"it was made for {_called(control)}, and the model is {_called(unet)}"
    if control.in_channels != unet.out_channels:
        return f"it was made for latents of {control.in_channels} channels, and the model's have {unet.out_channels}"
    reads = 2 ** (len(control.conditioning_embedding_out_channels) - 1)
    if reads != factor:
        return f"it sees {reads} pixels as one latent, and the model's VAE makes one of {factor}"
    return ""


def _called(network: Any) -> str:
    width = network.cross_attention_dim
    return READS.get(width, f"a model whose texts are {width} wide")


class LoadedControlNets:
    """ControlNets for the network of the configuration `unet`, by name: each is read when it is first asked for.

    `factor` is the side in pixels of what the model's VAE makes one latent of.
    """

    def __init__(self, unet: Any, factor: int, placement: Placement) -> None:
        self.unet, self.factor, self.placement = unet, factor, placement
        self._held: tuple[ResolvedAddOn, ...] = ()
        self._loaded: dict[str, ControlNet] = {}

    def load(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Remember the ControlNets among `add_ons`, and forget all others."""
        held = tuple(one for one in add_ons if one.identity.kind == "controlnet")
        if held != self._held:
            self._held, self._loaded = held, {}

    def __call__(self, name: str) -> ControlNet:
        """The ControlNet called `name`; raises `ModelBroken`, and `BadRequest` for one of another model."""
        if name not in self._loaded:
            from sdplay.families.common.controlnet_files import read_controlnet  # most pictures have none

            path = next(one.path for one in self._held if one.identity.name == name)
            found = ControlNet(read_controlnet(path, self.placement), self.placement)
            check_controlnet_fits(found.config, self.unet, self.factor, path)
            self._loaded[name] = found
        return self._loaded[name]
