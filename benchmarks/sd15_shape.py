"""A folder with the true shapes of Stable Diffusion 1.5 and random weights: the same work, with no download.

What it draws is noise, so it says how fast the arithmetic is and how far two number formats drift apart, and nothing
about pictures.
"""

# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

DONE = "model_index.json"
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def sd15_folder(cache: Path) -> Path:
    """The folder below `cache`, built when it is not there yet (4.3 GB, about a minute)."""
    folder = cache / "sd15-shape"
    if not (folder / DONE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        _save_networks(folder)
        save_tokenizer(folder / "tokenizer")
        (folder / DONE).write_text(json.dumps(INDEX, indent=2))
    return folder


def _save_networks(folder: Path) -> None:
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    unet.save_pretrained(folder / "unet")
    codec: dict[str, Any] = {
        "block_out_channels": (128, 256, 512, 512),
        "layers_per_block": 2,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "latent_channels": 4,
        "sample_size": 512,
        "scaling_factor": 0.18215,
    }
    AutoencoderKL(**codec).save_pretrained(folder / "vae")
    text = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        projection_dim=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        bos_token_id=49406,
        eos_token_id=49407,
        pad_token_id=49407,
    )
    CLIPTextModel(text).save_pretrained(folder / "text_encoder")
    EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading"
    ).save_pretrained(folder / "scheduler")


def save_tokenizer(folder: Path) -> None:
    """CLIP's byte-level alphabet without its merges, its two special words at their own numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
