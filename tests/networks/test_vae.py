"""The VAE against that of diffusers, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL as Stock

from sdplay.networks.config import VaeConfig
from sdplay.networks.vae import AutoencoderKL
from tests.support.kinds import build_vae
from tests.support.twins import FORMATS, noise, placed, twin

SMALL: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 4,
}


def same(theirs: Any, dtype: torch.dtype, rows: int = 1) -> bool:
    ours = AutoencoderKL(VaeConfig.read(theirs.config))
    twin(ours, theirs, dtype)
    latents = placed(noise(1, rows, theirs.config.latent_channels, 9, 8), dtype)
    pixels = placed(noise(2, rows, 3, 64, 72), dtype)
    with torch.inference_mode():
        assert torch.equal(ours.encode(pixels), theirs.encode(pixels).latent_dist.mode())
        return torch.equal(ours.decode(latents), theirs.decode(latents, return_dict=False)[0])


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("rows", [1, 2])
def test_it_is_that_of_diffusers(rows: int, dtype: torch.dtype) -> None:
    assert same(build_vae("sd15"), dtype, rows)


@pytest.mark.parametrize(
    "config",
    [
        {"mid_block_add_attention": False, "layers_per_block": 2},
        {"use_quant_conv": False, "use_post_quant_conv": False, "latent_channels": 16},
    ],
)
def test_other_shapes_are_those_of_diffusers(config: dict[str, Any]) -> None:
    torch.manual_seed(4)
    assert same(Stock(**SMALL | config), torch.float32)


def test_the_builtin_one_is_that_of_diffusers(builtin: Path) -> None:
    theirs = Stock.from_pretrained(builtin / "vae", local_files_only=True, low_cpu_mem_usage=False)
    assert same(theirs, torch.float32)


def test_its_weights_have_the_names_of_diffusers() -> None:
    theirs = build_vae("sd15")
    ours = AutoencoderKL(VaeConfig.read(theirs.config))
    shapes = {name: weight.shape for name, weight in theirs.state_dict().items()}
    assert {name: weight.shape for name, weight in ours.state_dict().items()} == shapes
