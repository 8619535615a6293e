"""LoRA files of random numbers for a model's folder, in every layout that programs of the field write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

RANK, ALPHA = 3, 2.0
Layers = list[tuple[str, str, torch.Size]]  # part, name within it, shape of the weight
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "q_proj", "k_proj", "v_proj", "out_proj")


def layers_of(family: Any, *, conv: bool = False, text: bool = True) -> Layers:
    """The attention layers of a loaded model; with `conv` also feed-forward layers and convolutions of its blocks."""
    found: Layers = []
    parts = [("unet", family.unet)]
    encoders = getattr(family, "text_encoders", None) or (family.text_encoder,)
    if text:
        parts += list(zip(("text_encoder", "text_encoder_2"), encoders, strict=False))
    for part, network in parts:
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d) and wanted(name, conv and part == "unet"):
                found.append((part, name, layer.weight.shape))
    return found


def wanted(name: str, conv: bool) -> bool:
    return name.endswith(ATTENTION) or (conv and ("_block" in name and "norm" not in name))


def factors(layers: Layers, seed: int) -> Iterator[tuple[str, str, Tensor, Tensor]]:
    random = torch.Generator().manual_seed(seed)
    for part, name, shape in layers:
        down = torch.randn(RANK, *shape[1:], generator=random) * 0.1
        up = torch.randn(shape[0], RANK, *(1 for _ in shape[2:]), generator=random) * 0.1
        yield part, name, down, up


def kohya(layers: Layers, seed: int, called: Callable[[str], str] = lambda name: name) -> dict[str, Tensor]:
    several = any(part == "text_encoder_2" for part, _, _ in layers)
    starts = {"unet": "lora_unet_", "text_encoder": "lora_te1_" if several else "lora_te_"}
    starts["text_encoder_2"] = "lora_te2_"
    tensors: dict[str, Tensor] = {}
    for part, name, down, up in factors(layers, seed):
        if part != "unet":
            name = name if name.startswith(("text_model.", "text_projection")) else f"text_model.{name}"
        flat = starts[part] + (called(name) if part == "unet" else name).replace(".", "_")
        tensors |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}
        tensors[f"{flat}.alpha"] = torch.tensor(ALPHA)
    return tensors


def peft(layers: Layers, seed: int) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for part, name, down, up in factors(layers, seed):
        start = name if part == "unet" or name.startswith("text_model.") else f"text_model.{name}"
        tensors |= {f"{part}.{start}.lora_A.weight": down, f"{part}.{start}.lora_B.weight": up}
    return tensors


def older(layers: Layers, seed: int) -> dict[str, Tensor]:
    """As diffusers wrote attention processors before it knew PEFT."""
    tensors: dict[str, Tensor] = {}
    for part, name, down, up in factors(layers, seed):
        assert part == "unet"
        block, _, last = name.removesuffix(".0").rpartition(".")
        start = f"unet.{block}.processor.{last}_lora"
        tensors |= {f"{start}.down.weight": down, f"{start}.up.weight": up}
    return tensors


def write(path: Path, tensors: dict[str, Tensor], **metadata: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, {"format": "pt", **said})
    return path
