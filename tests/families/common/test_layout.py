"""Configurations from shapes alone, held against the published ones of true-size models (built without memory)."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sdplay.families import sd, sdxl
from sdplay.families.common import layout
from sdplay.families.common.detect import Architecture
from tests.support.original import codec, unet

ATTENDING, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
SD15: dict[str, Any] = {
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": (ATTENDING, ATTENDING, ATTENDING, PLAIN),
}
SD2 = SD15 | {"cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True}
SDXL: dict[str, Any] = {
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "block_out_channels": (320, 640, 1280),
    "down_block_types": (PLAIN, ATTENDING, ATTENDING),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}


@pytest.mark.parametrize(
    ("architecture", "published"),
    [(sd.SD15, SD15), (sd.SD15, SD15 | {"in_channels": 9}), (sd.SD2, SD2), (sdxl.SDXL, SDXL)],
    ids=["sd15", "sd15 inpainting", "sd2", "sdxl"],
)
def test_a_true_size_network_is_recognised(architecture: Architecture, published: dict[str, Any]) -> None:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        network = UNet2DConditionModel(**published)
        original = unet(network.state_dict(), layers=2)
        shapes = {name.removeprefix("model.diffusion_model."): tuple(w.shape) for name, w in original.items()}
        config = layout.unet_config(shapes, architecture)
        rebuilt = UNet2DConditionModel(**config)
    for name, value in published.items():
        assert config.get(name, 4) == value
    expected = {name: weight.shape for name, weight in network.state_dict().items()}
    assert {name: weight.shape for name, weight in rebuilt.state_dict().items()} == expected


def test_a_true_size_vae_is_recognised() -> None:
    from diffusers import AutoencoderKL

    published: dict[str, Any] = {
        "block_out_channels": (128, 256, 512, 512),
        "layers_per_block": 2,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "latent_channels": 4,
    }
    with torch.device("meta"):
        original = codec(AutoencoderKL(**published).state_dict())
    shapes = {name.removeprefix("first_stage_model."): tuple(w.shape) for name, w in original.items()}
    assert layout.vae_config(shapes) == published


@pytest.mark.parametrize(("width", "heads", "layers"), [(1024, 16, 24), (1280, 20, 32)], ids=["ViT-H", "ViT-bigG"])
def test_true_size_text_encoders_are_recognised(width: int, heads: int, layers: int) -> None:
    shapes = {
        "token_embedding.weight": (49408, width),
        "positional_embedding": (77, width),
        "text_projection": (width, width),
        **{f"transformer.resblocks.{layer}.mlp.c_fc.weight": (4 * width, width) for layer in range(layers)},
    }
    found = layout.open_clip_config(shapes)
    assert (found["hidden_size"], found["num_attention_heads"], found["num_hidden_layers"]) == (width, heads, layers)
    assert (found["intermediate_size"], found["projection_dim"]) == (4 * width, width)
    assert (found["vocab_size"], found["max_position_embeddings"]) == (49408, 77)
