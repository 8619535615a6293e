"""A checkpoint in one file, in the layout of the original releases (CompVis, Stability): read and renamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.engines.weight_buffer import MappedFile, with_weights, without_memory
from sdplay.families.common import layout
from sdplay.families.common.checkpoint_names import TEXT_MODEL, UNET, VAE, original_names, transformers_names
from sdplay.families.common.component_config import check_config
from sdplay.families.common.detect import Architecture, TextEncoderFiles, below, detect_file, shapes_of
from sdplay.families.common.latent_model import Components, check_components, component_error, known_latents
from sdplay.families.common.original_weights import open_clip_weights, unet_weights, vae_weights
from sdplay.families.common.tokenizer import SIZE, clip_tokenizer
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.config import ClipTextConfig, UNetConfig, VaeConfig
from sdplay.networks.unet import UNet
from sdplay.networks.vae import AutoencoderKL
from sdplay.sampling.process import make_process

Weights = dict[str, Tensor]
SCALES = ("scale_weight", "weight_scale")  # of ComfyUI's files, older and newer
OPEN_CLIP_LAYERS = 24  # of OpenCLIP's ViT-H; SD 2.x reads the last but one, and most programs save no more
FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)


def read_single_file(path: Path, placement: Placement, known: Sequence[Architecture]) -> Components:
    """The components of a checkpoint of a `known` architecture; raises `ModelBroken` with the one that is bad.

    The configurations come from the shapes of the tensors: nothing is downloaded.
    """
    kind = detect_file(path, known)
    texts = kind.architecture.text_encoders
    part = "file"
    try:
        file = MappedFile(path)
        file.tensors = unscaled(original_names(file.tensors), placement.dtype)
        part = "text_encoder"
        encoders = tuple(_text_encoder(file, each, placement) for each in texts)
        part = "unet"
        unet = _unet(file, kind.architecture, placement)
        part = "vae"
        vae = _vae(file, kind.architecture, placement) if kind.has_vae else None
        part = "unet"
        latents = asdict(vae.config) if vae is not None else known_latents(unet, kind.architecture)
        check_components(unet.config, latents, sum(encoder.config.hidden_size for encoder in encoders))
    except Exception as error:  # the conversion and the networks raise many kinds for a checkpoint with odd tensors
        raise component_error(part, path, error) from error
    return Components(
        process=make_process(prediction=kind.prediction, offset=1, zero_snr=kind.zero_snr),
        tokenizers=tuple(clip_tokenizer(each.pad) for each in texts),
        text_encoders=encoders,
        unet=unet,
        vae=vae,
        latents=latents,
        zero_when_empty=kind.architecture.size_embedding,
    )


def unscaled(tensors: Weights, dtype: torch.dtype) -> Weights:
    """`tensors` with the weights of scaled fp8, each of which has a scale beside it, at their size in `dtype`."""
    found = dict(tensors)
    for name, scale in tensors.items():
        base, _, last = name.rpartition(".")
        weight = tensors.get(f"{base}.weight")
        if last in SCALES and weight is not None and weight.dtype in FP8 and not bool((scale.float() == 1).all()):
            column = scale.float().reshape(-1, *[1] * (weight.dim() - 1)) if scale.numel() > 1 else scale.float()
            found[f"{base}.weight"] = (weight.float() * column).reshape(weight.shape).to(dtype)
    return found


def _unet(file: MappedFile, architecture: Architecture, placement: Placement) -> Any:
    part = below(file.tensors, UNET)
    config = layout.unet_config(shapes_of(part), architecture)
    check_config(config, len(part))
    with without_memory():
        network = UNet(UNetConfig.read(config))
    return with_weights(network, unet_weights(network, part), [file], placement.dtype, placement)


def _vae(file: MappedFile, architecture: Architecture, placement: Placement) -> Any:
    part = below(file.tensors, VAE)
    config: layout.Config = layout.vae_config(shapes_of(part)) | {"scaling_factor": architecture.scaling_factor}
    check_config(config, len(part))
    with without_memory():
        vae = AutoencoderKL(VaeConfig.read(config))
    return with_weights(vae, vae_weights(vae, part), [file], placement.decode_dtype, placement)


def _text_encoder(file: MappedFile, files: TextEncoderFiles, placement: Placement) -> Any:
    named = transformers_names(below(file.tensors, files.root))
    if files.layout == "clip" or f"{TEXT_MODEL}embeddings.token_embedding.weight" in named:
        return _clip(named, file, files, placement)
    return _open_clip(file, files, placement)


def _clip(named: Weights, file: MappedFile, files: TextEncoderFiles, placement: Placement) -> Any:
    """A text encoder whose tensors are `named` as in transformers: OpenAI's, and OpenCLIP's from some programs."""
    config = layout.clip_config(shapes_of(below(named, TEXT_MODEL)))
    check_config(config, len(named))
    if files.layout == "open_clip" and not files.projected:
        config["num_hidden_layers"] = min(config["num_hidden_layers"], OPEN_CLIP_LAYERS - 1)
    if files.projected:
        config["projection_dim"] = named["text_projection.weight"].shape[0]
    encoder = _built(config, files)
    return with_weights(encoder, named, [file], placement.dtype, placement)


def _open_clip(file: MappedFile, files: TextEncoderFiles, placement: Placement) -> Any:
    """OpenCLIP's text encoder: whole and with its projection (SDXL), or without its last layer (SD 2.x)."""
    part = below(file.tensors, f"{files.root}model.")
    config = layout.open_clip_config(shapes_of(part))
    check_config(config, len(part))
    if not files.projected:
        config["num_hidden_layers"] -= 1
    encoder = _built(config, files)
    return with_weights(encoder, open_clip_weights(encoder, part), [file], placement.dtype, placement)


def _built(config: layout.Config, files: TextEncoderFiles) -> CLIPTextModel:
    """The text encoder of `config`, without memory; raises `ValueError` for another vocabulary than CLIP's."""
    if config["vocab_size"] != SIZE:
        raise ValueError(f"it knows {config['vocab_size']} tokens, and CLIP's vocabulary has {SIZE}")
    act = "quick_gelu" if files.layout == "clip" else "gelu"
    with without_memory():
        return CLIPTextModel(ClipTextConfig.read(config | {"hidden_act": act}), projected=files.projected)
