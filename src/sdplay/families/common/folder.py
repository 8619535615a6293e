"""A diffusers folder, read: one part after the other, and the name of the first that cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.engines.mapped import MappedFile
from sdplay.engines.weight_buffer import with_weights
from sdplay.families.common.latent_model import Components, check_components, component_error, read_process
from sdplay.files.model_files import read_json, weight_files

Reader = Callable[[Path], Any]
# From a name of today to the one that a file may have instead: (pattern, what it becomes).
OLD_NAMES = (
    (r"^", "text_model."),  # transformers from 5.6 on has no such level in CLIPTextModel
    (r"^text_model\.", ""),
    (r"(\.attentions\.\d+)\.to_q\.", r"\1.query."),  # attention in codecs of diffusers before 0.16
    (r"(\.attentions\.\d+)\.to_k\.", r"\1.key."),
    (r"(\.attentions\.\d+)\.to_v\.", r"\1.value."),
    (r"(\.attentions\.\d+)\.to_out\.0\.", r"\1.proj_attn."),
)


def read_folder(folder: Path, placement: Placement) -> Components:
    """The parts of an SD 1.x, SD 2.x or SDXL diffusers folder; raises `ModelBroken` with the part that is bad."""
    from diffusers import AutoencoderKL, UNet2DConditionModel  # pyright: ignore[reportPrivateImportUsage]
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    two, place = (folder / "text_encoder_2").is_dir(), placement
    readers: dict[str, Reader] = {
        "scheduler": lambda path: read_process(path.parent),
        "tokenizer": lambda path: CLIPTokenizer.from_pretrained(path, local_files_only=True),
        "text_encoder": lambda path: _text_encoder(CLIPTextModel, path, place),
        "unet": lambda path: _network(UNet2DConditionModel, path, place.dtype, place),
        "vae": lambda path: _network(AutoencoderKL, path, place.decode_dtype, place),
    }
    if two:
        readers["tokenizer_2"] = readers["tokenizer"]
        readers["text_encoder_2"] = lambda path: _text_encoder(CLIPTextModelWithProjection, path, place)
    found: dict[str, Any] = {}
    for part, read in readers.items():
        try:
            found[part] = read(folder / part)
        except Exception as error:  # diffusers, transformers and safetensors raise a dozen kinds for a bad file
            raise component_error(part, folder, error) from error
    names = ("", "_2") if two else ("",)
    encoders = tuple(found[f"text_encoder{name}"] for name in names)
    try:
        check_components(
            found["unet"].config, found["vae"].config, sum(encoder.config.hidden_size for encoder in encoders)
        )
    except ValueError as error:
        raise component_error("unet", folder, error) from error
    index = folder / "model_index.json"
    return Components(
        process=found["scheduler"],
        tokenizers=tuple(found[f"tokenizer{name}"] for name in names),
        text_encoders=encoders,
        unet=found["unet"],
        vae=found["vae"],
        zero_when_empty=two and index.is_file() and bool(read_json(index).get("force_zeros_for_empty_prompt", True)),
    )


def _network(kind: Any, path: Path, dtype: Any, placement: Placement) -> Any:
    """A network of diffusers."""
    with torch.device("meta"):
        network = kind.from_config(kind.load_config(path, local_files_only=True))
    return _with_weights(network, path, dtype, placement)


def _text_encoder(kind: Any, path: Path, placement: Placement) -> Any:
    """A text encoder of transformers."""
    from transformers import CLIPTextConfig

    with torch.device("meta"):
        encoder = kind(CLIPTextConfig.from_pretrained(path, local_files_only=True))
    return _with_weights(encoder, path, placement.dtype, placement)


def _with_weights(network: Any, path: Path, dtype: Any, placement: Placement) -> Any:
    """`network` with the weights of its folder, in half precision where that has only such (`.fp16.`)."""
    files = [MappedFile(file) for file in weight_files(path)]
    weights = {name: tensor for file in files for name, tensor in file.tensors.items()}
    named = under_current_names({name for name, _ in network.named_parameters()}, weights)
    return with_weights(network, named, files, dtype, placement)


def under_current_names(wanted: Set[str], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights` under the names that are `wanted`, also where they were written by another version of the libraries."""
    found = dict(weights)
    for name in wanted - weights.keys():
        for older in OLD_NAMES:
            other = re.sub(older[0], older[1], name)
            if other in weights:
                found[name] = weights[other]
    return found
