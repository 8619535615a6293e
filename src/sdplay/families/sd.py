"""Stable Diffusion 1.x (and the built-in model): a diffusers folder as a `Family`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.core.errors import ModelBroken
from sdplay.diffusion.denoiser import Denoiser, NetworkDenoiser
from sdplay.diffusion.schedule import NoiseTable, noise_table
from sdplay.families.base import Conditioning, Placement


class StableDiffusion:
    """Text encoder, denoising network and codec of one SD folder, placed and ready; see `Family` for the doors."""

    def __init__(
        self, *, tokenizer: Any, text_encoder: Any, unet: Any, vae: Any, table: NoiseTable, placement: Placement
    ) -> None:
        self.tokenizer, self.text_encoder, self.unet, self.vae = tokenizer, text_encoder, unet, vae
        self.table, self.placement = table, placement
        self.latent_channels: int = vae.config.latent_channels
        self.factor = 2 ** (len(vae.config.block_out_channels) - 1)
        self.scaling: float = vae.config.scaling_factor
        self.shift: float = getattr(vae.config, "shift_factor", None) or 0.0

    @torch.inference_mode()
    def encode_words(self, text: str) -> Conditioning:
        length = self.text_encoder.config.max_position_embeddings
        tokens = self.tokenizer(
            text, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        ).input_ids
        return Conditioning(self.text_encoder(tokens.to(self.placement.device))[0][0])

    def denoiser(self, conditionings: Sequence[Conditioning]) -> Denoiser:
        text = torch.stack([conditioning.text for conditioning in conditionings])
        place = self.placement

        def network(x: Tensor, timesteps: Tensor) -> Tensor:
            x = x.to(place.device, place.dtype, memory_format=torch.channels_last)
            out = self.unet(x, timesteps.to(place.device), encoder_hidden_states=text, return_dict=False)[0]
            return out.float().cpu()

        return NetworkDenoiser(network, self.table)

    @torch.inference_mode()
    def encode(self, pixels: Tensor) -> Tensor:
        pixels = pixels.to(self.placement.device, self.placement.decode_dtype, memory_format=torch.channels_last)
        latents = self.vae.encode(pixels).latent_dist.mode()
        return (latents.float().cpu() - self.shift) * self.scaling

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        latents = latents / self.scaling + self.shift
        latents = latents.to(
            self.placement.device, self.placement.decode_dtype, memory_format=torch.channels_last
        )
        return self.vae.decode(latents, return_dict=False)[0].float().cpu()


def read_table(folder: Path) -> NoiseTable:
    """The noise table out of `scheduler/scheduler_config.json`."""
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    return noise_table(
        length=config.get("num_train_timesteps", 1000),
        beta_start=config.get("beta_start", 0.00085),
        beta_end=config.get("beta_end", 0.012),
        beta_schedule=config.get("beta_schedule", "scaled_linear"),
        prediction=config.get("prediction_type", "epsilon"),
        spacing=config.get("timestep_spacing", "leading"),
        offset=config.get("steps_offset", 0),
    )


def load_sd(folder: Path, placement: Placement) -> StableDiffusion:
    """Load an SD 1.x diffusers folder; raises `ModelBroken` with the part that cannot be read."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    part = "scheduler"
    try:
        table = read_table(folder)
        part = "tokenizer"
        tokenizer = CLIPTokenizer.from_pretrained(folder / part, local_files_only=True)
        loading: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
        part = "text_encoder"
        text_encoder = CLIPTextModel.from_pretrained(folder / part, dtype=placement.dtype, **loading)
        part = "unet"
        unet = UNet2DConditionModel.from_pretrained(
            folder / part, torch_dtype=placement.dtype, low_cpu_mem_usage=False, **loading
        )
        part = "vae"
        vae = AutoencoderKL.from_pretrained(
            folder / part, torch_dtype=placement.decode_dtype, low_cpu_mem_usage=False, **loading
        )
    except Exception as error:  # diffusers, transformers and safetensors raise a dozen kinds for a bad file
        raise ModelBroken(
            f"its {part} cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            field="model",
            value=str(folder),
            hint="fetch the model again, or choose another with --model (builtin always works)",
        ) from error
    for module in (text_encoder, unet, vae):
        module.to(placement.device).eval().requires_grad_(False)
    for module in (unet, vae):
        module.to(memory_format=torch.channels_last)
    return StableDiffusion(
        tokenizer=tokenizer, text_encoder=text_encoder, unet=unet, vae=vae, table=table, placement=placement
    )
