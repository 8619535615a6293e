"""The weights of our networks out of tensors that are named as in the original releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from sdplay.families.common.checkpoint_names import TEXT_MODEL
from sdplay.families.common.original_layout import layer_names, open_clip_source, unet_names, vae_name
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.unet import UNetEncoder
from sdplay.networks.vae import AutoencoderKL

Weights = Mapping[str, Tensor]


def unet_weights(network: UNetEncoder[Any], tensors: Weights) -> dict[str, Tensor]:
    """The weights of a U-Net or ControlNet among `tensors`; those that are not there are left out, here and below."""
    wanted = _names(network)
    original = unet_names(layer_names(wanted), network.config.layers_per_block)
    return _renamed(wanted, tensors, lambda layer: original.get(layer, layer))


def vae_weights(network: AutoencoderKL, tensors: Weights) -> dict[str, Tensor]:
    """The weights of a VAE. In the original, its attention projects with 1×1 convolutions, here with matrices."""
    stages = len(network.config.block_out_channels)
    found = _renamed(_names(network), tensors, lambda layer: vae_name(layer, stages))
    return {
        name: weight[:, :, 0, 0] if ".attentions." in name and weight.dim() == 4 else weight
        for name, weight in found.items()
    }


def open_clip_weights(network: CLIPTextModel, tensors: Weights) -> dict[str, Tensor]:
    """The weights of a text encoder out of OpenCLIP's, which keeps queries, keys and values in one matrix."""
    found: dict[str, Tensor] = {}
    for name in _names(network):
        source, third = open_clip_source(name.removeprefix(TEXT_MODEL))
        if name == "text_projection.weight" and "text_projection" in tensors:
            found[name] = tensors["text_projection"].T
        elif source in tensors:
            tensor = tensors[source]
            found[name] = tensor if third is None else tensor.chunk(3)[third]
    return found


def _names(network: nn.Module) -> list[str]:
    return [name for name, _ in network.named_parameters()]


def _renamed(wanted: list[str], tensors: Weights, original: Callable[[str], str]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name in wanted:
        layer, _, kind = name.rpartition(".")
        other = f"{original(layer)}.{kind}"
        if other in tensors:
            found[name] = tensors[other]
    return found
