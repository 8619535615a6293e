"""Reads a VAE of its own, which takes the place of a model's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdplay.engines.device import Placement
from sdplay.engines.weight_buffer import MappedFile, with_weights, without_memory
from sdplay.families.common.checkpoint_names import vae_names
from sdplay.families.common.component_config import check_config
from sdplay.families.common.detect import shapes_of
from sdplay.families.common.layout import is_original_vae, vae_config
from sdplay.families.common.network_folder import under_current_names
from sdplay.families.common.original_weights import vae_weights
from sdplay.files.model_files import read_json, weight_files
from sdplay.networks.config import VaeConfig
from sdplay.networks.vae import AutoencoderKL

# What is the model's, whatever a VAE's file says: the U-Net was trained on latents of this scale.
OF_THE_MODEL = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")


def read_vae(path: Path, own: Mapping[str, Any], placement: Placement) -> Any:
    """The VAE at `path`; what its tensors and folder do not say is as in `own`, what is known of the latents."""
    folder = path if path.is_dir() else path.parent if path.stem.startswith("diffusion_pytorch_model") else None
    files = [MappedFile(file) for file in (weight_files(path) if path.is_dir() else [path])]
    found = vae_names({name: tensor for file in files for name, tensor in file.tensors.items()})
    shapes = shapes_of(found)
    if not any(name.startswith("encoder.") for name in shapes):
        raise ValueError("it is the decoder alone, and the encoder is missing")
    described = vae_config(shapes)
    if folder is not None and (folder / "config.json").is_file():
        described = read_json(folder / "config.json")
        check_config(described, len(found))
    config = {**own, **described, **{name: own[name] for name in OF_THE_MODEL if name in own}}
    check_latent_shape(config, own)
    with without_memory():
        vae = AutoencoderKL(VaeConfig.read(config))
    weights = vae_weights(vae, found) if is_original_vae(shapes) else found
    named = under_current_names({name for name, _ in vae.named_parameters()}, weights)
    return with_weights(vae, named, files, placement.decode_dtype, placement)


def check_latent_shape(config: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise `ValueError` for latents that the model's network does not draw."""
    channels, mine = config["latent_channels"], own["latent_channels"]
    if channels != mine:
        raise ValueError(f"its latents have {channels} channels, and those of this model have {mine}")
    if "block_out_channels" not in own:  # a model without a VAE: it does not tell
        return
    factor, usual = (2 ** (len(each["block_out_channels"]) - 1) for each in (config, own))
    if factor != usual:
        raise ValueError(f"its latents are {factor} times as small as a picture, and those of this model {usual} times")
