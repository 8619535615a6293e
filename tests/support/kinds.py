"""Random folders of every kind of Stable Diffusion with the real architecture and CLIP's whole vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sdplay.families.common.tokenizer import SIZE, TOKENS
from tests.support.tokenizers import stock_tokenizer

WIDTH, SIDE = 64, 64  # of a text encoder's states, and of a picture in pixels
LAYERS = {"sd15": 2, "sd2": 2, "sdxl": 3}  # of a text encoder, in its file


def text_config(hidden_act: str, layers: int) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=SIZE,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=1,  # heads of 64, as in every real one
        max_position_embeddings=TOKENS,
        projection_dim=WIDTH,
        hidden_act=hidden_act,
        bos_token_id=SIZE - 2,
        eos_token_id=SIZE - 1,
        pad_token_id=SIZE - 1,
    )


def build_unet(base: str, channels: int) -> Any:
    from diffusers import UNet2DConditionModel

    common: dict[str, Any] = {
        "sample_size": SIDE // 8,
        "in_channels": channels,
        "block_out_channels": (64, 128),
        "layers_per_block": 1,
        "cross_attention_dim": WIDTH,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    if base == "sd15":
        return UNet2DConditionModel(**common, attention_head_dim=8)
    common |= {"attention_head_dim": (1, 2), "use_linear_projection": True}
    if base == "sdxl":
        common |= {
            "cross_attention_dim": 2 * WIDTH,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "transformer_layers_per_block": (1, 2),
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 6 * 256 + WIDTH,
        }
    return UNet2DConditionModel(**common)


def build_vae(base: str) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        sample_size=SIDE,
        scaling_factor=0.13025 if base == "sdxl" else 0.18215,
    )


def build_kind(folder: Path, base: str, *, prediction: str = "epsilon", channels: int = 4) -> Path:
    """Write a folder of kind `base` ("sd15", "sd2", "sdxl") as the stock pipeline saves it, and return it."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        parts: dict[str, Any] = {
            "scheduler": EulerDiscreteScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                prediction_type=prediction,
                timestep_spacing="leading",
                steps_offset=1,
            ),
            "text_encoder": CLIPTextModel(text_config("gelu" if base == "sd2" else "quick_gelu", LAYERS[base])),
            "tokenizer": stock_tokenizer("!" if base == "sd2" else "<|endoftext|>"),
            "unet": build_unet(base, channels),
            "vae": build_vae(base),
        }
        if base == "sdxl":
            second = CLIPTextModelWithProjection(text_config("gelu", LAYERS[base]))
            parts |= {"text_encoder_2": second, "tokenizer_2": stock_tokenizer("!"), "add_watermarker": False}
            StableDiffusionXLPipeline(**parts).save_pretrained(folder)
            return folder
    nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    StableDiffusionPipeline(**parts, **nothing).save_pretrained(folder)
    return folder
