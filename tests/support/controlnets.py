"""Random ControlNets for the random models of `tiny` and `kinds`, in which nothing is zero, as in trained ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sdplay.core.identity import AddOn, ResolvedAddOn


def build_controlnet(folder: Path, model: Path, *, seed: int = 5, **config: Any) -> Path:
    """Write a ControlNet for the diffusers folder `model` as diffusers saves it, and return its folder."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(model / "unet", low_cpu_mem_usage=False, local_files_only=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 16))
        network.register_to_config(**config)
        with torch.no_grad():
            for name, weight in network.named_parameters():
                if name.startswith(("controlnet_down", "controlnet_mid", "controlnet_cond_embedding.conv_out")):
                    weight.copy_(torch.randn_like(weight) * 0.1)
    network.save_pretrained(folder)
    return folder


def held(name: str, path: Path) -> ResolvedAddOn:
    """The ControlNet at `path` as a model is told to hold it."""
    return ResolvedAddOn(identity=AddOn(kind="controlnet", name=name, digest="ab" * 32), path=path, origin=path)


def write_original_controlnet(folder: Path, path: Path, *, prefix: str = "control_model.") -> Path:
    """Write the ControlNet in `folder` as the single file `path` in the layout of the original release."""
    import json
    import re

    from safetensors.torch import save_file

    from tests.support.original import read, unet

    layers = json.loads((folder / "config.json").read_text())["layers_per_block"]
    weights = read(folder)
    own = {name: weight for name, weight in weights.items() if name.startswith("controlnet_")}
    rest = unet({name: weight for name, weight in weights.items() if name not in own}, layers)
    found = {name.removeprefix("model.diffusion_model."): weight for name, weight in rest.items()}
    for name, weight in own.items():
        name = re.sub(r"^controlnet_down_blocks\.(\d+)\.", r"zero_convs.\1.0.", name)
        name = name.replace("controlnet_mid_block.", "middle_block_out.0.")
        name = name.replace("controlnet_cond_embedding.conv_in.", "input_hint_block.0.")
        name = name.replace("controlnet_cond_embedding.conv_out.", "input_hint_block.14.")
        name = re.sub(
            r"controlnet_cond_embedding\.blocks\.(\d+)\.", lambda m: f"input_hint_block.{2 * int(m[1]) + 2}.", name
        )
        found[name] = weight
    save_file({prefix + name: weight.contiguous() for name, weight in found.items()}, path)
    return path
