"""A Stable Diffusion 1.x folder of random weights: the real architecture and the real file layout, three megabytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

WIDTH, TOKENS = 32, 24
SIDE = 64  # pixels the folder is said to draw best
WORDS = ("red", "apple", "cat", "the", "on", "a", "blue", "render")


def byte_letters() -> list[str]:
    """The 256 letters that stand for bytes in CLIP's vocabulary, in its order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + number) for number, _ in enumerate(others)]


def write_tokenizer(folder: Path) -> int:
    """Write vocab.json and merges.txt that know all bytes and a few words; returns the number of tokens."""
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            if (parts[0], parts[1]) not in merges:
                merges.append((parts[0], parts[1]))
            parts = [parts[0] + parts[1], *parts[2:]]
    letters = byte_letters()
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge) for merge in merges)]
    vocabulary = list(dict.fromkeys([*tokens, "<|startoftext|>", "<|endoftext|>"]))
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{one} {two}\n" for one, two in merges))
    return len(vocabulary)


def train_norm(text_encoder: Any) -> None:
    """Give the states a mean, as training does: an untrained norm leaves none but what rounding makes of zero."""
    (norm,) = (part for name, part in text_encoder.named_modules() if name.endswith("final_layer_norm"))
    with torch.no_grad():
        norm.weight.normal_(1, 0.1)
        norm.bias.normal_(0.2, 0.1)


def build_tiny(
    folder: Path,
    *,
    prediction: str = "epsilon",
    spacing: str = "leading",
    seed: int = 0,
    latent_channels: int = 4,
    inpainting: bool = False,
    vae_widths: tuple[int, ...] = (8, 8, 8, 16),
) -> Path:
    """Write the folder and return it; the VAE makes one latent of 2 ** (len(vae_widths) - 1) pixels a side.

    Weights come from `seed`; the process's own random state is left alone.
    """
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    size = write_tokenizer(folder / "tokenizer")
    files = {"vocab": str(folder / "tokenizer/vocab.json"), "merges": str(folder / "tokenizer/merges.txt")}
    tokenizer = CLIPTokenizer(**files, model_max_length=TOKENS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=size,
                hidden_size=WIDTH,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=TOKENS,
                projection_dim=WIDTH,
                bos_token_id=size - 2,
                eos_token_id=size - 1,
                pad_token_id=size - 1,
            )
        )
        unet = UNet2DConditionModel(
            sample_size=SIDE // 2 ** (len(vae_widths) - 1),
            in_channels=2 * latent_channels + 1 if inpainting else latent_channels,
            out_channels=latent_channels,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=8,
        )
        vae = AutoencoderKL(
            block_out_channels=vae_widths,
            down_block_types=("DownEncoderBlock2D",) * len(vae_widths),
            up_block_types=("UpDecoderBlock2D",) * len(vae_widths),
            latent_channels=latent_channels,
            norm_num_groups=4,
            sample_size=SIDE,
        )
        train_norm(text_encoder)
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=prediction,
        timestep_spacing=spacing,
        steps_offset=1,  # as every scheduler file of Stable Diffusion 1.x has it; "trailing" takes no notice
    )
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder
