"""The names of the original releases (CompVis, Stability, OpenCLIP) for the layers and weights of our networks, whose
own names are those of diffusers and transformers. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Collection

OUTSIDE = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    # of a ControlNet, at the end of its middle and of what reads the picture
    "controlnet_mid_block": "middle_block_out.0",
    "controlnet_cond_embedding.conv_in": "input_hint_block.0",
}
IN_A_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
BLOCK = re.compile(r"(?:(down|up)_blocks\.(\d+)|mid_block)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")
ZERO = re.compile(r"controlnet_down_blocks\.(\d+)")
HINT = re.compile(r"controlnet_cond_embedding\.blocks\.(\d+)")
VAE_STAGE = re.compile(r"(encoder|decoder)\.(down|up)_blocks\.(\d+)\.(resnets|downsamplers|upsamplers)\.(\d+)\.(.+)")
VAE_MIDDLE = re.compile(r"(encoder|decoder)\.mid_block\.(resnets|attentions)\.(\d+)\.(.+)")
IN_A_VAE = {
    "conv_shortcut": "nin_shortcut",
    "conv_norm_out": "norm_out",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
OPEN_CLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
OPEN_CLIP_LAYER = re.compile(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
IN_AN_OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
JOINED = {"self_attn.q_proj": 0, "self_attn.k_proj": 1, "self_attn.v_proj": 2}  # rows of one matrix, in this order


def unet_names(names: Collection[str], layers: object) -> dict[str, str]:
    """The original names of those of a U-Net's or ControlNet's layers `names` that have one.

    A stage going down has so many `layers` (pairs of a resnet and, if it has one, an attention), then what halves
    its size; one going up has one layer more, the last of which also doubles its size.
    """
    if not isinstance(layers, int):
        return {}
    attending = {match[2] for match in map(BLOCK.fullmatch, names) if match and match[1] == "up" and match[3][0] == "a"}
    found: dict[str, str] = {name: OUTSIDE[name] for name in names if name in OUTSIDE}
    hints = sum(HINT.fullmatch(name) is not None for name in names)
    for name in names:
        if match := BLOCK.fullmatch(name):
            found[name] = _block_name(match, layers, attends=match[2] in attending)
        elif match := ZERO.fullmatch(name):
            found[name] = f"zero_convs.{match[1]}.0"
        elif match := HINT.fullmatch(name):
            found[name] = f"input_hint_block.{2 * int(match[1]) + 2}"
        elif name == "controlnet_cond_embedding.conv_out":
            found[name] = f"input_hint_block.{2 * hints + 2}"
    return found


def _block_name(match: re.Match[str], layers: int, *, attends: bool) -> str:
    way, stage, sort, number, rest = match[1], int(match[2] or 0), match[3], int(match[4]), match[5]
    if sort == "resnets":
        rest = IN_A_RESNET.get(rest, rest)
    if way is None:  # resnet, attention, resnet
        return f"middle_block.{2 * number if sort == 'resnets' else 1}.{rest}"
    if way == "down":
        block = f"input_blocks.{1 + stage * (layers + 1) + (layers if sort == 'downsamplers' else number)}"
        return f"{block}.0.op" if sort == "downsamplers" else f"{block}.{int(sort == 'attentions')}.{rest}"
    block = f"output_blocks.{stage * (layers + 1) + (layers if sort == 'upsamplers' else number)}"
    return f"{block}.{1 + attends if sort == 'upsamplers' else int(sort == 'attentions')}.{rest}"


def vae_name(name: str, stages: int) -> str:
    """The original name of a layer of a VAE of so many `stages`, whose decoder counts them from the largest picture."""
    if match := VAE_STAGE.fullmatch(name):
        half, way, stage, sort, number, rest = match.groups()
        place = stages - 1 - int(stage) if way == "up" else int(stage)
        inner = f"block.{number}" if sort == "resnets" else f"{way}sample"
        return f"{half}.{way}.{place}.{inner}.{IN_A_VAE.get(rest, rest)}"
    if match := VAE_MIDDLE.fullmatch(name):
        half, sort, number, rest = match.groups()
        inner = f"block_{int(number) + 1}" if sort == "resnets" else "attn_1"
        return f"{half}.mid.{inner}.{IN_A_VAE.get(rest, rest)}"
    half, _, rest = name.partition(".")
    return f"{half}.{IN_A_VAE.get(rest, rest)}" if rest else name


def open_clip_source(name: str) -> tuple[str, int | None]:
    """OpenCLIP's name of a weight of a text encoder, below its root, and where it holds three matrices, which third."""
    match = OPEN_CLIP_LAYER.fullmatch(name)
    if match is None:
        return OPEN_CLIP.get(name, name), None
    block, layer, kind = f"transformer.resblocks.{match[1]}", match[2], match[3]
    if layer in JOINED:
        return f"{block}.attn.in_proj_{kind}", JOINED[layer]
    return f"{block}.{IN_AN_OPEN_CLIP_LAYER.get(layer, layer)}.{kind}", None


def layer_names(weights: Collection[str]) -> set[str]:
    """The layers that `weights` are of, by name."""
    return {name.rpartition(".")[0] for name in weights}
