"""The configuration of a network in a diffusers folder, checked before anything is built. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, cast

from sdplay.core.errors import shorten
from sdplay.files.model_files import read_json, read_tensors, weight_files

LARGEST_WIDTH = 2**20
MOST_STAGES = 16
WIDTHS = (
    *("in_channels", "out_channels", "block_out_channels", "latent_channels", "norm_num_groups", "sample_size"),
    *("cross_attention_dim", "attention_head_dim", "num_attention_heads", "addition_time_embed_dim"),
    *("projection_class_embeddings_input_dim", "conditioning_embedding_out_channels", "encoder_hid_dim"),
    "time_cond_proj_dim",
    *("hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "projection_dim"),
)
DEPTHS = (
    "layers_per_block",
    "transformer_layers_per_block",
    "num_hidden_layers",
    "reverse_transformer_layers_per_block",
)
MAY_BE_ZERO = ("transformer_layers_per_block", "reverse_transformer_layers_per_block")  # in a block without attention
LISTS = ("block_out_channels", "down_block_types", "up_block_types", "conditioning_embedding_out_channels")


def read_config(component: Path) -> dict[str, Any]:
    """The configuration in the folder of a `component`.

    Raises `ModelBroken` if it cannot be read, and `ValueError` for sizes that no network has, more layers than there
    are tensors in its files, or no tensors.
    """
    config = read_json(component / "config.json")
    tensors = read_tensors(weight_files(component))
    if not tensors:
        raise ValueError("there are no weights in its folder")
    check_config(config, len(tensors))
    return config


def check_config(config: Mapping[str, Any], tensors: int) -> None:
    """Raise `ValueError` for sizes that no network has, or more layers than its files have `tensors`."""
    for name in LISTS:
        entry: Any = config.get(name)
        if isinstance(entry, list | tuple) and not 0 < len(cast(list[Any], entry)) <= MOST_STAGES:
            raise ValueError(f"its {name} has {len(cast(list[Any], entry)):,} entries: 1 to {MOST_STAGES} are possible")
    for name in (*WIDTHS, *DEPTHS):
        least, most = 0 if name in MAY_BE_ZERO else 1, tensors if name in DEPTHS else LARGEST_WIDTH
        for size in _numbers(config.get(name)):
            if isinstance(size, bool) or not isinstance(size, int) or not least <= size <= most:
                where = ", the number of tensors in its files" if name in DEPTHS else ""
                raise ValueError(f"its {name} is {shorten(size)}: {least} to {most:,} are possible{where}")
    layers = prod(max(_numbers(config.get(name)), default=1) or 1 for name in DEPTHS)
    if layers > tensors:
        raise ValueError(f"it has {layers:,} layers in a block, and its files have {tensors:,} tensors")


def _numbers(entry: Any) -> Iterator[Any]:
    """The numbers of an entry that is one, None, or holds several."""
    if isinstance(entry, list | tuple):
        for each in cast(list[Any], entry):
            yield from _numbers(each)
    elif entry is not None:
        yield entry
