"""Reads a diffusers folder component by component, and a VAE of its own in place of the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import Placement
from sdplay.families.common.detect import Architecture, detect_folder
from sdplay.families.common.latent_model import (
    Components,
    check_components,
    component_error,
    known_latents,
    read_process,
)
from sdplay.families.common.network_folder import read_network
from sdplay.families.common.tokenizer_files import read_clip_tokenizer
from sdplay.files.model_files import read_json, weight_files
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.config import ClipTextConfig, UNetConfig, VaeConfig
from sdplay.networks.unet import UNet
from sdplay.networks.vae import AutoencoderKL

Reader = Callable[[Path], Any]


def read_components(
    path: Path, placement: Placement, known: Sequence[Architecture], vae: Path | None = None
) -> Components:
    """The parts of the model at `path`, a diffusers folder or a single file, not to be trained; with the VAE at `vae`
    instead of its own, if one is given.

    Raises `ModelBroken` with the part that cannot be read, and for a model without a VAE where none is given.
    """
    if path.is_dir():
        parts = read_folder(path, placement, known)
    else:
        from sdplay.families.common.single_file import read_single_file  # what reads original names is for files alone

        parts = read_single_file(path, placement, known)
    return with_vae(parts, vae, placement).frozen()


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
        from sdplay.families.common.vae_file import read_vae

        return replace(parts, vae=read_vae(path, parts.latents, placement))
    except Exception as error:  # conversion and network raise many kinds for odd tensors
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "take a VAE made for this kind of model, or none: the model has one of its own"
        raise ModelBroken(f"cannot be used: {why}", field="vae", value=str(path), hint=hint) from error


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
