"""Reads a diffusers folder component by component, and a VAE of its own in place of the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import Placement
from sdplay.engines.weight_buffer import MappedFile, with_weights, without_memory
from sdplay.families.common.checkpoint_names import vae_names
from sdplay.families.common.component_config import check_config
from sdplay.families.common.detect import Architecture, detect_folder
from sdplay.families.common.latent_model import (
    Components,
    check_components,
    component_error,
    known_latents,
    read_process,
)
from sdplay.families.common.layout import is_original_vae, vae_config
from sdplay.families.common.network_folder import read_network, under_current_names
from sdplay.families.common.original_weights import vae_weights
from sdplay.families.common.tokenizer_files import read_clip_tokenizer
from sdplay.files.model_files import read_json, weight_files
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.config import ClipTextConfig, UNetConfig, VaeConfig
from sdplay.networks.unet import UNet
from sdplay.networks.vae import AutoencoderKL

# What is the model's, whatever a VAE's file says: the U-Net was trained on latents of this scale.
OF_THE_MODEL = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")

Reader = Callable[[Path], Any]


def read_folder(folder: Path, placement: Placement, known: Sequence[Architecture]) -> Components:
    """The parts of a diffusers folder of a `known` architecture; raises `ModelBroken` with the component that is bad.

    Without weights in its folder `vae` there is no VAE among them.
    """
    two, place = (folder / "text_encoder_2").is_dir(), placement
    readers: dict[str, Reader] = {
        "scheduler": lambda path: read_process(path.parent),
        "tokenizer": read_clip_tokenizer,
        "text_encoder": lambda path: read_network(_text_encoder, path, place.dtype, place),
        "unet": lambda path: read_network(_unet, path, place.dtype, place),
    }
    if weight_files(folder / "vae"):
        readers["vae"] = lambda path: read_network(_vae, path, place.decode_dtype, place)
    if two:
        readers["tokenizer_2"] = readers["tokenizer"]
        readers["text_encoder_2"] = lambda path: read_network(_projecting_text_encoder, path, place.dtype, place)
    found: dict[str, Any] = {}
    for part, read in readers.items():
        try:
            found[part] = read(folder / part)
        except Exception as error:  # networks and tokenizers raise many kinds for a bad file
            raise component_error(part, folder, error) from error
    names = ("", "_2") if two else ("",)
    encoders = tuple(found[f"text_encoder{name}"] for name in names)
    vae = found.get("vae")
    latents = (
        asdict(vae.config)
        if vae is not None
        else known_latents(found["unet"], detect_folder(folder, known).architecture)
    )
    try:
        check_components(found["unet"].config, latents, sum(encoder.config.hidden_size for encoder in encoders))
    except ValueError as error:
        raise component_error("unet", folder, error) from error
    index = folder / "model_index.json"
    return Components(
        process=found["scheduler"],
        tokenizers=tuple(found[f"tokenizer{name}"] for name in names),
        text_encoders=encoders,
        unet=found["unet"],
        vae=vae,
        latents=latents,
        zero_when_empty=two and index.is_file() and bool(read_json(index).get("force_zeros_for_empty_prompt", True)),
    )


def _unet(config: Mapping[str, Any]) -> UNet:
    return UNet(UNetConfig.read(config))


def _vae(config: Mapping[str, Any]) -> AutoencoderKL:
    return AutoencoderKL(VaeConfig.read(config))


def _text_encoder(config: Mapping[str, Any]) -> CLIPTextModel:
    return CLIPTextModel(ClipTextConfig.read(config))


def _projecting_text_encoder(config: Mapping[str, Any]) -> CLIPTextModel:
    return CLIPTextModel(ClipTextConfig.read(config), projected=True)


def with_vae(parts: Components, path: Path | None, placement: Placement) -> Components:
    """`parts` with the VAE at `path` instead of their own, if one is given.

    It is a diffusers folder, or a `.safetensors` file with the names of diffusers or of the original releases. Raises
    `ModelBroken` for one that cannot be read, for one whose latents are not those of the model, and for a model that
    has none where none is given.
    """
    if path is None and parts.vae is None:
        raise ModelBroken("there is no VAE in this model", field="model", hint="give one with `vae`")
    if path is None:
        return parts
    try:
        return replace(parts, vae=read_vae(path, parts.latents, placement))
    except Exception as error:  # conversion and network raise many kinds for odd tensors
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "take a VAE made for this kind of model, or none: the model has one of its own"
        raise ModelBroken(f"cannot be used: {why}", field="vae", value=str(path), hint=hint) from error


def read_vae(path: Path, own: Mapping[str, Any], placement: Placement) -> Any:
    """The VAE at `path`; what its tensors and folder do not say is as in `own`, what is known of the latents."""
    folder = path if path.is_dir() else path.parent if path.stem.startswith("diffusion_pytorch_model") else None
    files = [MappedFile(file) for file in (weight_files(path) if path.is_dir() else [path])]
    found = vae_names({name: tensor for file in files for name, tensor in file.tensors.items()})
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
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
