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
        self.sees_mask: bool = unet.config.in_channels == 2 * self.latent_channels + 1
        self.scaling: float = vae.config.scaling_factor
        self.shift: float = getattr(vae.config, "shift_factor", None) or 0.0

    @torch.inference_mode()
    def encode_words(self, text: str) -> Conditioning:
        length = self.text_encoder.config.max_position_embeddings
        tokens = self.tokenizer(
            text, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        ).input_ids
        return Conditioning(self.text_encoder(tokens.to(self.placement.device))[0][0])

    def denoiser(self, conditionings: Sequence[Conditioning], seen: Tensor | None = None) -> Denoiser:
        text = torch.stack([conditioning.text for conditioning in conditionings])
        place = self.placement

        def network(x: Tensor, timesteps: Tensor) -> Tensor:
            if seen is not None:
                x = torch.cat([x, seen.repeat(x.size(0) // seen.size(0), 1, 1, 1)], dim=1)
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
        latents = latents.to(self.placement.device, self.placement.decode_dtype, memory_format=torch.channels_last)
        return self.vae.decode(latents, return_dict=False)[0].float().cpu()


def read_table(folder: Path) -> NoiseTable:
    """The noise table out of `scheduler/scheduler_config.json`; raises `ValueError` for what we cannot sample from."""
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
    for entry in ("trained_betas", "rescale_betas_zero_snr"):
        if config.get(entry):
            raise ValueError(f"it sets {entry}, which this program does not know how to follow")
    return noise_table(
        length=config.get("num_train_timesteps", 1000),
        beta_start=config.get("beta_start", 0.00085),
        beta_end=config.get("beta_end", 0.012),
        beta_schedule=config.get("beta_schedule", "scaled_linear"),
        prediction=config.get("prediction_type", "epsilon"),
        spacing=config.get("timestep_spacing", "leading"),
        offset=config.get("steps_offset", 0),
    )


def complete(loaded: Any) -> Any:
    """The model of a (model, loading info) pair; raises `ValueError` where its file lacked weights, left random."""
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise ValueError(f"{len(missing)} of its weights are not in the file, {missing[0]} for one")
    return model


def check_fit(text_encoder: Any, unet: Any, vae: Any) -> None:
    """Raise `ValueError` unless three configurations belong to one SD 1.x or 2.x model, ordinary or for inpainting."""
    if unet.cross_attention_dim != text_encoder.hidden_size:
        raise ValueError(
            f"it reads texts {unet.cross_attention_dim} wide, the text encoder's are {text_encoder.hidden_size}"
        )
    channels = vae.latent_channels
    if unet.out_channels != channels or unet.in_channels not in {channels, 2 * channels + 1}:
        raise ValueError(
            f"it maps {unet.in_channels} channels to {unet.out_channels}, the codec has {channels}: "
            "neither a model for text to image nor one for inpainting"
        )


def load_sd(folder: Path, placement: Placement) -> StableDiffusion:
    """Load an SD 1.x diffusers folder; raises `ModelBroken` with the part that cannot be read."""
    from diffusers import AutoencoderKL, UNet2DConditionModel  # pyright: ignore[reportPrivateImportUsage]
    from transformers import CLIPTextModel, CLIPTokenizer

    part = "scheduler"
    try:
        table = read_table(folder)
        part = "tokenizer"
        tokenizer = CLIPTokenizer.from_pretrained(folder / part, local_files_only=True)
        loading: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
        part = "text_encoder"
        text_encoder = complete(CLIPTextModel.from_pretrained(folder / part, dtype=placement.dtype, **loading))
        loading["low_cpu_mem_usage"] = False
        part = "unet"
        unet = complete(UNet2DConditionModel.from_pretrained(folder / part, torch_dtype=placement.dtype, **loading))
        part = "vae"
        vae = complete(AutoencoderKL.from_pretrained(folder / part, torch_dtype=placement.decode_dtype, **loading))
        part = "unet"
        check_fit(text_encoder.config, unet.config, vae.config)
    except Exception as error:  # diffusers, transformers and safetensors raise a dozen kinds for a bad file
        raise ModelBroken(
            f"its {part} cannot be used: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
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
