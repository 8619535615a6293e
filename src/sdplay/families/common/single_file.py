"""A checkpoint in one file, in the layout of the original releases (CompVis, Stability): read and renamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.engines.mapped import MappedFile
from sdplay.engines.weight_buffer import with_weights
from sdplay.families.common.latent_model import Components, check_components, component_error
from sdplay.families.common.tokenizer import SIZE, clip_tokenizer
from sdplay.library import layout
from sdplay.library.detect import ModelKind, detect_file
from sdplay.sampling.process import make_process

Weights = dict[str, Tensor]
UNET, VAE = "model.diffusion_model.", "first_stage_model."
CLIP_1, OPEN_CLIP_2 = "cond_stage_model.transformer.", "cond_stage_model.model."
CLIP_XL, OPEN_CLIP_XL = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."


def read_single_file(path: Path, placement: Placement) -> Components:
    """The parts of an SD 1.x, SD 2.x or SDXL checkpoint; raises `ModelBroken` with the part that is bad.

    The configurations come from the shapes of the tensors: nothing is asked of a network.
    """
    kind = detect_file(path)
    part = "file"
    try:
        file = MappedFile(path)
        part = "text_encoder"
        encoders = tuple(read(file, placement) for read in ENCODERS[kind.base])
        part = "unet"
        unet = _unet(file, kind, placement)
        part = "vae"
        vae = _vae(file, kind, placement)
        part = "unet"
        check_components(unet.config, vae.config, sum(encoder.config.hidden_size for encoder in encoders))
    except Exception as error:  # the conversion and the networks raise many kinds for a checkpoint with odd tensors
        raise component_error(part, path, error) from error
    pads = {"sd15": ("<|endoftext|>",), "sd2": ("!",), "sdxl": ("<|endoftext|>", "!")}[kind.base]
    return Components(
        process=make_process(prediction=kind.prediction, spacing="leading", offset=1),
        tokenizers=tuple(clip_tokenizer(pad) for pad in pads),
        text_encoders=encoders,
        unet=unet,
        vae=vae,
        zero_when_empty=kind.base == "sdxl",
    )


def with_prefix(weights: Weights, prefix: str) -> Weights:
    """The tensors whose names begin with `prefix`, under their whole names."""
    return {name: weight for name, weight in weights.items() if name.startswith(prefix)}


def _unet(file: MappedFile, kind: ModelKind, placement: Placement) -> Any:
    from diffusers import UNet2DConditionModel  # pyright: ignore[reportPrivateImportUsage]
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    part = with_prefix(file.tensors, UNET)
    config = layout.unet_config({name.removeprefix(UNET): tuple(w.shape) for name, w in part.items()}, kind.base)
    converted: Weights = convert_ldm_unet_checkpoint(part, config)
    with torch.device("meta"):
        network = UNet2DConditionModel(**config)
    return with_weights(network, converted, [file], placement.dtype, placement)


def _vae(file: MappedFile, kind: ModelKind, placement: Placement) -> Any:
    from diffusers import AutoencoderKL  # pyright: ignore[reportPrivateImportUsage]
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    part = with_prefix(file.tensors, VAE)
    config = layout.vae_config({name.removeprefix(VAE): tuple(w.shape) for name, w in part.items()}, kind.base)
    with torch.device("meta"):
        codec = AutoencoderKL(**config)
    return with_weights(codec, convert_ldm_vae_checkpoint(part, config), [file], placement.decode_dtype, placement)


def _clip(file: MappedFile, placement: Placement, prefix: str) -> Any:
    """CLIP's text encoder as transformers names its tensors (OpenAI's, of SD 1.x and the first of SDXL)."""
    from diffusers.loaders.single_file_utils import convert_ldm_clip_checkpoint
    from transformers import CLIPTextConfig, CLIPTextModel

    part = with_prefix(file.tensors, prefix)
    shapes = {name.removeprefix(f"{prefix}text_model."): tuple(weight.shape) for name, weight in part.items()}
    with torch.device("meta"):
        model = CLIPTextModel(CLIPTextConfig(**layout.clip_config(shapes), hidden_act="quick_gelu"))
    return _encoder(model, convert_ldm_clip_checkpoint(part), file, placement)


def _open_clip(file: MappedFile, placement: Placement, prefix: str, *, pooled: bool) -> Any:
    """OpenCLIP's text encoder; with `pooled` whole and with its projection (SDXL), else without its last layer."""
    from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    part = with_prefix(file.tensors, prefix)
    shapes = {name.removeprefix(prefix): tuple(weight.shape) for name, weight in part.items()}
    config = layout.open_clip_config(shapes)
    if not pooled:
        config["num_hidden_layers"] -= 1
        last = f"{prefix}transformer.resblocks.{config['num_hidden_layers']}."
        part = {name: weight for name, weight in part.items() if not name.startswith(last)}
    kind = CLIPTextModelWithProjection if pooled else CLIPTextModel
    with torch.device("meta"):
        model = kind(CLIPTextConfig(**config, hidden_act="gelu"))
    return _encoder(model, convert_open_clip_checkpoint(model, part, prefix=prefix), file, placement)


def _encoder(model: Any, weights: Weights, file: MappedFile, placement: Placement) -> Any:
    if model.config.vocab_size != SIZE:
        raise ValueError(f"it knows {model.config.vocab_size} tokens, and CLIP's vocabulary has {SIZE}")
    if not hasattr(model, "text_model"):  # transformers from 5.6 on has no such level in CLIPTextModel
        weights = {name.removeprefix("text_model."): weight for name, weight in weights.items()}
    return with_weights(model, weights, [file], placement.dtype, placement)


Encoder = Callable[[MappedFile, Placement], Any]
ENCODERS: dict[str, tuple[Encoder, ...]] = {
    "sd15": (lambda file, placement: _clip(file, placement, CLIP_1),),
    "sd2": (lambda file, placement: _open_clip(file, placement, OPEN_CLIP_2, pooled=False),),
    "sdxl": (
        lambda file, placement: _clip(file, placement, CLIP_XL),
        lambda file, placement: _open_clip(file, placement, OPEN_CLIP_XL, pooled=True),
    ),
}
