"""A ControlNet's files: a diffusers folder, or one file in the layout of diffusers or of the original release."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import Placement
from sdplay.engines.weight_buffer import MappedFile, with_weights, without_memory
from sdplay.families.common.component_config import check_config
from sdplay.families.common.detect import Shapes, shapes_of
from sdplay.families.common.layout import (
    Config,
    attention_config,
    count,
    depth_config,
    half_unet_config,
    size_embedding_config,
)
from sdplay.families.common.network_folder import read_network
from sdplay.families.common.original_weights import unet_weights
from sdplay.networks.config import ControlNetConfig
from sdplay.networks.controlnet import ControlNetModel

ORIGINAL = "control_model."
HINT = re.compile(r"input_hint_block\.(\d+)\.weight")
OTHERS = {  # the beginning of a name of a tensor, and what a file with such a tensor is
    "lora_controlnet": "a Control-LoRA, which holds the difference to a model and not a ControlNet",
    "lllite_": "a ControlNet-LLLite",
    "adapter.body.": "a T2I-Adapter",
    "body.": "a T2I-Adapter",
    "task_embedding": "a ControlNet for several kinds of pictures (union)",
    "difference": "the difference of a ControlNet to its model",
    "lora_": "a LoRA: name it in the prompt, <lora:name:0.8>",
    "double_blocks.": "a ControlNet for Flux",
}
WHAT_WORKS = "a ControlNet is a diffusers folder, or a .safetensors file, made for the model it is used with"


def read_controlnet(path: Path, placement: Placement) -> ControlNetModel:
    """The ControlNet at `path`, its weights in memory; raises `ModelBroken` for files that cannot be used."""
    path = path.parent if path.is_file() and (path.parent / "config.json").is_file() and _is_plain(path) else path
    placement = replace(placement, sequential_offload=False)  # that is for the parts of a model, and this is none
    try:
        if path.is_dir():
            return read_network(_build, path, placement.dtype, placement)
        return _from_file(path, placement)
    except ModelBroken:
        raise
    except Exception as error:  # odd tensors and configurations raise many kinds
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise controlnet_error(f"this ControlNet cannot be used: {why}", path) from error


def _is_plain(path: Path) -> bool:
    """Whether a file has the name that weights have within a diffusers folder."""
    return path.name.startswith("diffusion_pytorch_model.")


def controlnet_error(reason: str, path: Path) -> ModelBroken:
    return ModelBroken(reason, field="controlnet", value=str(path), hint=WHAT_WORKS)


def _build(config: Mapping[str, Any]) -> ControlNetModel:
    return ControlNetModel(ControlNetConfig.read(config))


def _from_file(path: Path, placement: Placement) -> ControlNetModel:
    """The ControlNet of a file, whose configuration is in the shapes of its tensors."""
    file = MappedFile(path)
    original = is_original(file.tensors, path)
    tensors = {name.removeprefix(ORIGINAL): tensor for name, tensor in file.tensors.items()}
    shapes = shapes_of(tensors)
    config = original_controlnet_config(shapes) if original else controlnet_config(shapes)
    check_config(config, len(tensors))
    with without_memory():
        network = _build(config)
    weights = unet_weights(network, tensors) if original else tensors
    return with_weights(network, weights, [file], placement.dtype, placement)


def is_original(tensors: Collection[str], path: Path) -> bool:
    """Whether the names of a file's `tensors` are those of the original release, and not those of diffusers.

    Raises `ModelBroken` if it is not a ControlNet.
    """
    for start, what in OTHERS.items():
        if any(name.startswith(start) for name in tensors):
            raise controlnet_error(f"this is {what}", path)
    if "controlnet_cond_embedding.conv_in.weight" in tensors:
        return False
    if "input_hint_block.0.weight" not in {name.removeprefix(ORIGINAL) for name in tensors}:
        raise controlnet_error("this is not a ControlNet: none of its tensors reads a picture", path)
    return True


def original_controlnet_config(shapes: Shapes) -> Config:
    """What a ControlNet's configuration says, from tensors named as in the original release."""
    half = half_unet_config(shapes)
    attends = "middle_block.1.norm.weight" in shapes
    convolutions = sorted(int(found[1]) for found in map(HINT.fullmatch, shapes) if found)
    read = tuple(shapes[f"input_hint_block.{number}.weight"][0] for number in convolutions[:-1:2])
    config: Config = {
        **half,
        "mid_block_type": "UNetMidBlock2DCrossAttn" if attends else "UNetMidBlock2D",
        "conditioning_embedding_out_channels": read,
        **_attention(shapes, half["block_out_channels"]),
    }
    return config | _size_embedding(shapes.get("label_emb.0.0.weight"))


def controlnet_config(shapes: Shapes) -> Config:
    """The same from names of diffusers."""
    blocks = range(count(shapes, r"down_blocks\.(\d+)\."))
    depths = [count(shapes, rf"down_blocks\.{i}\.attentions\.0\.transformer_blocks\.(\d+)\.") for i in blocks]
    middle = count(shapes, r"mid_block\.attentions\.0\.transformer_blocks\.(\d+)\.")
    widths = tuple(shapes[f"down_blocks.{i}.resnets.0.conv1.weight"][0] for i in blocks)
    config: Config = {
        "in_channels": shapes["conv_in.weight"][1],
        "block_out_channels": widths,
        "layers_per_block": count(shapes, r"down_blocks\.0\.resnets\.(\d+)\."),
        **depth_config(depths, middle),
        "mid_block_type": "UNetMidBlock2DCrossAttn" if middle else "UNetMidBlock2D",
        "conditioning_embedding_out_channels": _reader_widths(shapes),
        **_attention(shapes, widths),
    }
    return config | _size_embedding(shapes.get("add_embedding.linear_1.weight"))


def _size_embedding(first: tuple[int, ...] | None) -> Config:
    return {} if first is None else size_embedding_config(first)


def _reader_widths(shapes: Shapes) -> tuple[int, ...]:
    """The widths of the layers that read the picture, each half as large as the one before."""
    reader = "controlnet_cond_embedding."
    halvings = count(shapes, rf"{reader}blocks\.(\d+)\.") // 2
    later = (shapes[f"{reader}blocks.{2 * i + 1}.weight"][0] for i in range(halvings))
    return (shapes[f"{reader}conv_in.weight"][0], *later)


def _attention(shapes: Shapes, widths: tuple[int, ...]) -> Config:
    """Heads and texts."""
    text = next((shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")), None)
    projection = next((shape for name, shape in shapes.items() if name.endswith(".proj_in.weight")), ())
    return attention_config(widths, linear=len(projection) == 2) | ({"cross_attention_dim": text} if text else {})
