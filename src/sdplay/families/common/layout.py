"""The configuration of each network of an original checkpoint, from the shapes of its tensors. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sdplay.families.common.checkpoint_names import COND_PROJ
from sdplay.families.common.detect import FIRST_OF_VAE, Architecture, Shapes

Config = dict[str, Any]

HEADS_SD15 = 8  # what shapes do not tell: SD 1.x splits every width into 8 heads, all later ones into heads of 64
HEAD_WIDTH = 64


def count(names: Iterable[str], pattern: str) -> int:
    """How many blocks there are: one more than the largest number that `pattern` finds in `names`, 0 for none.

    Raises `ValueError` where one of them is missing.
    """
    found = (re.match(pattern, name) for name in names)
    numbers = {int(match[1]) for match in found if match}
    most = max(numbers, default=-1) + 1
    if most > len(numbers):
        raise ValueError(f"{most - len(numbers):,} of its {most:,} blocks are missing ({pattern})")
    return most


def unet_config(shapes: Shapes, architecture: Architecture) -> Config:
    """What a U-Net's configuration says, from the tensors below `model.diffusion_model.`."""
    down, linear = half_unet_config(shapes), architecture.linear_projection
    config: Config = {
        **down,
        "out_channels": shapes["out.2.weight"][0],
        "up_block_types": tuple(
            "CrossAttnUpBlock2D" if "CrossAttn" in kind else "UpBlock2D" for kind in reversed(down["down_block_types"])
        ),
        "cross_attention_dim": text_width(shapes),
        **attention_config(down["block_out_channels"], linear=linear),
    }
    if (projected := shapes.get(f"{COND_PROJ}.weight")) is not None:
        config["time_cond_proj_dim"] = projected[1]
    return config | (size_embedding_config(shapes["label_emb.0.0.weight"]) if architecture.size_embedding else {})


def half_unet_config(shapes: Shapes) -> Config:
    """What it says of the way down and the middle, which a ControlNet has too."""
    widths: list[int] = []
    depths: list[int] = []
    for stage in _stages(shapes):
        widths.append(shapes[f"input_blocks.{stage[0]}.0.out_layers.3.weight"][0])
        depths.append(count(shapes, rf"input_blocks\.{stage[0]}\.1\.transformer_blocks\.(\d+)\."))
    middle = count(shapes, r"middle_block\.1\.transformer_blocks\.(\d+)\.")
    return {
        "in_channels": shapes["input_blocks.0.0.weight"][1],
        "block_out_channels": tuple(widths),
        "layers_per_block": len(_stages(shapes)[0]),
        **depth_config(depths, middle),
    }


def depth_config(depths: Sequence[int], middle: int) -> Config:
    """Which stages attend, with so many transformer blocks each (`depths`) and so many in the middle."""
    return {
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths),
        # a stage without attention still needs a number here, and the middle block takes that of the last stage
        "transformer_layers_per_block": tuple(depth or 1 for depth in (*depths[:-1], depths[-1] or middle)),
    }


def text_width(shapes: Shapes) -> int:
    """How wide the texts are that a network reads; raises `StopIteration` for one that reads none."""
    return next(shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight"))


def attention_config(widths: Sequence[int], *, linear: bool) -> Config:
    """The heads, for projections before and after attention with matrices (`linear`) or 1×1 convolutions."""
    heads = tuple(width // HEAD_WIDTH for width in widths) if linear else HEADS_SD15
    return {"use_linear_projection": linear, "attention_head_dim": heads}


def size_embedding_config(first: tuple[int, ...]) -> Config:
    """How SDXL embeds the pooled text and the picture's size, from the shape of the first layer that reads them."""
    return {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": first[1],
    }


def _stages(shapes: Shapes) -> list[list[int]]:
    """The numbers of the input blocks at each resolution; block 0 takes the input in, a block with `.op` halves."""
    stages: list[list[int]] = [[]]
    for number in range(1, count(shapes, r"input_blocks\.(\d+)\.")):
        if f"input_blocks.{number}.0.op.weight" in shapes:
            stages.append([])
        else:
            stages[-1].append(number)
    return stages


def vae_config(shapes: Shapes) -> Config:
    """What a VAE's configuration says, from tensors named as in the original releases or as in diffusers.

    The scale of the latents is left out: shapes do not tell it.
    """
    level, resnet = ("down", "block") if is_original_vae(shapes) else ("down_blocks", "resnets")
    stages = count(shapes, rf"encoder\.{level}\.(\d+)\.")
    return {
        "block_out_channels": tuple(shapes[f"encoder.{level}.{i}.{resnet}.0.conv1.weight"][0] for i in range(stages)),
        "layers_per_block": count(shapes, rf"encoder\.{level}\.0\.{resnet}\.(\d+)\."),
        "down_block_types": ("DownEncoderBlock2D",) * stages,
        "up_block_types": ("UpDecoderBlock2D",) * stages,
        "latent_channels": shapes[FIRST_OF_VAE][1],
    }


def is_original_vae(shapes: Shapes) -> bool:
    """Whether a VAE's tensors have the names of the original releases, and not those of diffusers."""
    return any(name.startswith("decoder.up.") for name in shapes)


def clip_config(shapes: Shapes) -> Config:
    """What a text encoder's configuration says, from names as transformers has them, below `text_model.`."""
    return _text_config(
        tokens=shapes["embeddings.token_embedding.weight"],
        positions=shapes["embeddings.position_embedding.weight"],
        inner=shapes["encoder.layers.0.mlp.fc1.weight"],
        layers=count(shapes, r"encoder\.layers\.(\d+)\."),
    )


def open_clip_config(shapes: Shapes) -> Config:
    """The same from names as OpenCLIP has them."""
    config = _text_config(
        tokens=shapes["token_embedding.weight"],
        positions=shapes["positional_embedding"],
        inner=shapes["transformer.resblocks.0.mlp.c_fc.weight"],
        layers=count(shapes, r"transformer\.resblocks\.(\d+)\."),
    )
    return config | {"projection_dim": shapes.get("text_projection", (0, config["hidden_size"]))[1]}


def _text_config(*, tokens: tuple[int, ...], positions: tuple[int, ...], inner: tuple[int, ...], layers: int) -> Config:
    return {
        "vocab_size": tokens[0],
        "hidden_size": tokens[1],
        "max_position_embeddings": positions[0],
        "intermediate_size": inner[0],
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, tokens[1] // HEAD_WIDTH),
        "bos_token_id": tokens[0] - 2,
        "eos_token_id": tokens[0] - 1,
        "pad_token_id": tokens[0] - 1,
    }
