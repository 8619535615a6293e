"""One network out of a folder of `config.json` and `.safetensors` files, as diffusers and transformers write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sdplay.engines.device import Placement
from sdplay.engines.weight_buffer import MappedFile, with_weights, without_memory
from sdplay.families.common.component_config import read_config
from sdplay.files.model_files import weight_files

# From a name of today to the one that a file may have instead: (pattern, what it becomes).
OLD_NAMES = (
    (r"^text_model\.", ""),  # transformers from 5.6 on has no such level in CLIPTextModel
    (r"(\.attentions\.\d+)\.to_q\.", r"\1.query."),  # attention in VAEs of diffusers before 0.16
    (r"(\.attentions\.\d+)\.to_k\.", r"\1.key."),
    (r"(\.attentions\.\d+)\.to_v\.", r"\1.value."),
    (r"(\.attentions\.\d+)\.to_out\.0\.", r"\1.proj_attn."),
)


def read_network(
    build: Callable[[Mapping[str, Any]], nn.Module], path: Path, dtype: torch.dtype, placement: Placement
) -> Any:
    """What `build` makes of the configuration in the folder `path`, with the weights there, in half precision if it has
    no others (`.fp16.`).
    """
    config = read_config(path)
    with without_memory():
        network = build(config)
    files = [MappedFile(file) for file in weight_files(path)]
    weights = {name: tensor for file in files for name, tensor in file.tensors.items()}
    named = under_current_names({name for name, _ in network.named_parameters()}, weights)
    return with_weights(network, named, files, dtype, placement)


def under_current_names(wanted: Set[str], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights` under the names that are `wanted`, if another version of the libraries wrote them too."""
    found = dict(weights)
    for name in wanted - weights.keys():
        for older in OLD_NAMES:
            other = re.sub(older[0], older[1], name)
            if other in weights:
                found[name] = weights[other]
    return found
