"""A diffusers folder written as one file in the layout of the original releases: the way back of the conversion."""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

Weights = dict[str, Tensor]
Rules = list[tuple[str, str]]

RESNET: Rules = [
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.conv_shortcut\.", ".skip_connection."),
]
TOP: Rules = [
    (r"^time_embedding\.linear_1", "time_embed.0"),
    (r"^time_embedding\.linear_2", "time_embed.2"),
    (r"^add_embedding\.linear_1", "label_emb.0.0"),
    (r"^add_embedding\.linear_2", "label_emb.0.2"),
    (r"^conv_in", "input_blocks.0.0"),
    (r"^conv_norm_out", "out.0"),
    (r"^conv_out", "out.2"),
]
CODEC: Rules = [
    (r"_blocks\.(\d+)\.resnets\.(\d+)\.", r".\1.block.\2."),
    (r"_blocks\.(\d+)\.downsamplers\.0\.", r".\1.downsample."),
    (r"_blocks\.(\d+)\.upsamplers\.0\.", r".\1.upsample."),
    (r"mid_block\.resnets\.0", "mid.block_1"),
    (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0\.group_norm", "mid.attn_1.norm"),
    (r"mid_block\.attentions\.0\.to_([qkv])\.", r"mid.attn_1.\1."),
    (r"mid_block\.attentions\.0\.to_out\.0", "mid.attn_1.proj_out"),
    (r"conv_shortcut", "nin_shortcut"),
    (r"conv_norm_out", "norm_out"),
]
OPEN_CLIP: Rules = [
    (r"^encoder\.layers\.", "transformer.resblocks."),
    (r"layer_norm1", "ln_1"),
    (r"layer_norm2", "ln_2"),
    (r"\.fc1\.", ".c_fc."),
    (r"\.fc2\.", ".c_proj."),
    (r"\.self_attn\.", ".attn."),
    (r"^embeddings\.token_embedding", "token_embedding"),
    (r"^embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^final_layer_norm", "ln_final"),
]


def renamed(name: str, rules: Rules) -> str:
    for pattern, new in rules:
        name = re.sub(pattern, new, name)
    return name


def read(part: Path) -> Weights:
    (path,) = part.glob("*.safetensors")
    return load_file(path)


def unet(weights: Weights, layers: int) -> Weights:
    """A network of `layers` resnets a stage, in the original's names."""

    def original(name: str) -> str:
        if name.startswith("mid_block."):
            places = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}
            _, kind, number, rest = name.split(".", 3)
            return f"middle_block.{places[f'{kind}.{number}']}.{rest}"
        if not name.startswith(("down_blocks.", "up_blocks.")):
            return renamed(name, TOP)
        way, block, kind, layer, rest = name.split(".", 4)
        start = int(block) * (layers + 1) + int(layer)
        if kind == "downsamplers":
            return f"input_blocks.{start + layers + 1}.0.op.{rest.removeprefix('conv.')}"
        if kind == "upsamplers":
            attends = any(other.startswith(f"{way}.{block}.attentions.") for other in weights)
            return f"output_blocks.{start + layers}.{2 if attends else 1}.{rest}"
        place = f"input_blocks.{start + 1}" if way == "down_blocks" else f"output_blocks.{start}"
        return f"{place}.{1 if kind == 'attentions' else 0}.{rest}"

    def whole(name: str) -> str:
        return renamed(original(name), RESNET) if "resnets" in name else original(name)

    return {f"model.diffusion_model.{whole(name)}": weight for name, weight in weights.items()}


def codec(weights: Weights) -> Weights:
    found: Weights = {}
    for name, weight in weights.items():
        up = re.match(r"decoder\.up_blocks\.(\d+)\.", name)
        if up:
            name = name.replace(up[0], f"decoder.up_blocks.{3 - int(up[1])}.")
        if re.search(r"attentions\.0\.to_.*weight$", name):
            weight = weight[:, :, None, None]  # the original's attention is made of 1x1 convolutions
        found[f"first_stage_model.{renamed(name, CODEC)}"] = weight.contiguous()
    return found


def clip(part: Path, prefix: str) -> Weights:
    return {f"{prefix}text_model.{name.removeprefix('text_model.')}": weight for name, weight in read(part).items()}


def open_clip(part: Path, prefix: str, more_layers: int = 0) -> Weights:
    """OpenCLIP's names; `more_layers` copies of the last layer behind it, which a user of this file must not use."""
    weights = {name.removeprefix("text_model."): weight for name, weight in read(part).items()}
    projection = weights.pop("text_projection.weight", None)
    found: Weights = {"text_projection": projection.T.contiguous()} if projection is not None else {}
    for name, weight in weights.items():
        match = re.match(r"(encoder\.layers\.\d+\.self_attn)\.q_proj\.(weight|bias)", name)
        if match:
            stem, kind = match.groups()
            stacked = torch.cat([weights[f"{stem}.{which}_proj.{kind}"] for which in "qkv"])
            found[f"{renamed(stem + '.', OPEN_CLIP)}in_proj_{kind}"] = stacked
        elif not re.search(r"\.[kv]_proj\.", name):
            found[renamed(name, OPEN_CLIP)] = weight
    last = max(int(name.split(".")[2]) for name in found if "resblocks" in name)
    for name, weight in list(found.items()):
        if f"resblocks.{last}." in name and more_layers:
            found[name.replace(f"resblocks.{last}.", f"resblocks.{last + 1}.")] = weight * 3
    return {prefix + name: weight for name, weight in found.items()}


def texts(folder: Path, base: str) -> Weights:
    if base == "sd15":
        return clip(folder / "text_encoder", "cond_stage_model.transformer.")
    if base == "sd2":
        return open_clip(folder / "text_encoder", "cond_stage_model.model.", more_layers=1)
    first = clip(folder / "text_encoder", "conditioner.embedders.0.transformer.")
    return first | open_clip(folder / "text_encoder_2", "conditioner.embedders.1.model.")


def write_original(
    folder: Path, base: str, path: Path, *, dtype: torch.dtype = torch.float32, metadata: dict[str, str] | None = None
) -> Path:
    """Write the model in `folder` as the single file `path`, and return it."""
    layers = json.loads((folder / "unet" / "config.json").read_text())["layers_per_block"]
    weights = unet(read(folder / "unet"), layers) | codec(read(folder / "vae")) | texts(folder, base)
    steps = {"alphas_cumprod": torch.linspace(1, 0, 1000)}  # such leftovers of training are in every real file
    save_file({name: w.to(dtype).contiguous() for name, w in (weights | steps).items()}, path, metadata)
    return path
