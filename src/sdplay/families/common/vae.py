"""A codec (VAE) in a file of its own, in place of the one that came with the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import Placement
from sdplay.engines.mapped import MappedFile
from sdplay.engines.weight_buffer import with_weights
from sdplay.families.common.folder import under_current_names
from sdplay.families.common.latent_model import Components
from sdplay.families.common.layout import is_original_vae, vae_config
from sdplay.files.model_files import read_json, weight_files

PREFIX = "first_stage_model."  # where a file was cut out of a checkpoint
# What is the model's, whatever a codec's file says: the network was trained on latents of this scale.
OF_THE_MODEL = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")


def with_vae(parts: Components, path: Path | None, placement: Placement) -> Components:
    """`parts` with the codec at `path` instead of their own, where there is one.

    It is a diffusers folder, or a `.safetensors` file with the names of diffusers or of the original releases. Raises
    `ModelBroken` for one that cannot be read, and for one whose latents are not those of the model.
    """
    if path is None:
        return parts
    try:
        return replace(parts, vae=read_vae(path, parts.vae.config, placement))
    except Exception as error:  # conversion and network raise many kinds for odd tensors
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "take a VAE made for this kind of model, or none: the model has one of its own"
        raise ModelBroken(f"cannot be used: {why}", field="vae", value=str(path), hint=hint) from error


def read_vae(path: Path, own: Mapping[str, Any], placement: Placement) -> Any:
    """The codec at `path`; what its tensors and its folder do not say of it is as in `own`, the model's codec's."""
    from diffusers import AutoencoderKL  # pyright: ignore[reportPrivateImportUsage]
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    folder = path if path.is_dir() else path.parent if path.stem.startswith("diffusion_pytorch_model") else None
    files = [MappedFile(file) for file in (weight_files(path) if path.is_dir() else [path])]
    found = {name.removeprefix(PREFIX): tensor for file in files for name, tensor in file.tensors.items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    said = vae_config(shapes)
    if folder is not None and (folder / "config.json").is_file():
        said = read_json(folder / "config.json")
    config = {**own, **said, **{name: own[name] for name in OF_THE_MODEL if name in own}}
    check_latent_shape(config, own)
    with torch.device("meta"):
        codec: Any = AutoencoderKL.from_config(config)
    weights: Mapping[str, Tensor] = convert_ldm_vae_checkpoint(found, config) if is_original_vae(shapes) else found
    named = under_current_names({name for name, _ in codec.named_parameters()}, weights)
    return with_weights(codec, named, files, placement.decode_dtype, placement)


def check_latent_shape(config: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise `ValueError` for latents that the model's network does not draw."""
    channels, mine = config["latent_channels"], own["latent_channels"]
    if channels != mine:
        raise ValueError(f"its latents have {channels} channels, and those of this model have {mine}")
    factor, usual = (2 ** (len(each["block_out_channels"]) - 1) for each in (config, own))
    if factor != usual:
        raise ValueError(f"its latents are {factor} times as small as a picture, and those of this model {usual} times")
