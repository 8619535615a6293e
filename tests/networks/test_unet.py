"""The U-Net against that of diffusers, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LatentConsistencyModelPipeline, UNet2DConditionModel

from sdplay.networks.config import UNetConfig
from sdplay.networks.unet import UNet, guidance_embedding
from tests.support.kinds import WIDTH, build_unet
from tests.support.twins import FORMATS, latents, noise, sizes, twin

TEXT = 24  # tokens
COMMON: dict[str, Any] = {"block_out_channels": (32, 64), "norm_num_groups": 8, "cross_attention_dim": 16}
PLAIN = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
ATTENDING = {"down_block_types": ("CrossAttnDownBlock2D",) * 2, "up_block_types": ("CrossAttnUpBlock2D",) * 2}


def both(theirs: Any, dtype: torch.dtype, **asked: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """What ours and theirs say of the same latents, of sides that halve without rest unless `asked`."""
    ours = UNet(UNetConfig.read(theirs.config))
    twin(ours, theirs, dtype)
    x = latents(dtype, theirs.config.in_channels, asked.pop("size", (8, 8)))
    text = noise(3, 2, TEXT, theirs.config.cross_attention_dim).to(dtype)
    if theirs.config.addition_embed_type is not None:
        asked |= sizes(2, WIDTH, dtype)
    times = torch.tensor([712.3, 5.0])
    with torch.inference_mode():
        return ours(x, times, text, **asked), theirs(x, times, text, return_dict=False, **asked)[0]


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("size", [(8, 8), (9, 11)])
@pytest.mark.parametrize("base", ["sd15", "sd2", "sdxl"])
def test_every_kind_is_that_of_diffusers(base: str, size: tuple[int, int], dtype: torch.dtype) -> None:
    ours, theirs = both(build_unet(base, 4), dtype, size=size)
    assert torch.equal(ours, theirs)
    assert float(theirs.float().std()) > 0.1


@pytest.mark.parametrize("dtype", FORMATS)
def test_an_inpainting_network_is_that_of_diffusers(dtype: torch.dtype) -> None:
    ours, theirs = both(build_unet("sd15", 9), dtype)
    assert torch.equal(ours, theirs)


def test_the_builtin_network_is_that_of_diffusers(builtin: Path) -> None:
    theirs = UNet2DConditionModel.from_pretrained(builtin / "unet", local_files_only=True, low_cpu_mem_usage=False)
    ours, stock = both(theirs, torch.float32, size=(16, 16))
    assert torch.equal(ours, stock)


@pytest.mark.parametrize("base", ["sd15", "sdxl"])
def test_masked_tokens_and_residuals_are_those_of_diffusers(base: str) -> None:
    network = build_unet(base, 4)
    mask = torch.ones(2, TEXT)
    mask[1, 10:] = 0
    states = {(8, 8): 64, (4, 4): 128}
    shapes = [(64, 8), (64, 8), (64, 4), (128, 4)]  # conv_in, a layer, its half, a layer
    assert {(side, side): width for width, side in shapes} == states | {(4, 4): 128}
    asked: dict[str, Any] = {
        "encoder_attention_mask": mask,
        "down_block_additional_residuals": [noise(n, 2, width, side, side) for n, (width, side) in enumerate(shapes)],
        "mid_block_additional_residual": noise(9, 2, 128, 4, 4),
    }
    ours, theirs = both(network, torch.float32, **asked)
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, both(network, torch.float32)[0])


@pytest.mark.parametrize(
    "config",
    [
        PLAIN | {"mid_block_type": None},
        PLAIN | {"mid_block_type": "UNetMidBlock2D"},
        ATTENDING | {"layers_per_block": (1, 3), "attention_head_dim": (2, 4)},
        ATTENDING | {"transformer_layers_per_block": (1, 2), "use_linear_projection": True},
        ATTENDING  # as the distilled SDXL networks of Segmind
        | {
            "transformer_layers_per_block": [[1, 2], [2, 1]],
            "reverse_transformer_layers_per_block": [[3, 1, 1], [1, 1, 2]],
        },
        ATTENDING | {"flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-3},
    ],
)
def test_other_shapes_are_those_of_diffusers(config: dict[str, Any]) -> None:
    torch.manual_seed(4)
    ours, theirs = both(UNet2DConditionModel(**COMMON | config), torch.float32)
    assert torch.equal(ours, theirs)


def lcm() -> Any:
    torch.manual_seed(5)
    return UNet2DConditionModel(**COMMON | ATTENDING | {"time_cond_proj_dim": 16})


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_network_that_is_told_its_guidance_is_that_of_diffusers(dtype: torch.dtype) -> None:
    told = {"timestep_cond": guidance_embedding([8.0, 1.5], 16).to(dtype)}
    ours, theirs = both(lcm(), dtype, **told)
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, both(lcm(), dtype)[0])
    assert torch.equal(*both(lcm(), dtype))  # told nothing


def test_guidance_is_embedded_as_in_its_pipeline() -> None:
    scales = torch.tensor([1.0, 1.8, 8.5])
    theirs = LatentConsistencyModelPipeline.get_guidance_scale_embedding(None, scales - 1, 256)  # type: ignore[arg-type]
    assert torch.allclose(guidance_embedding(scales.tolist(), 256), theirs, atol=2e-3)  # an angle of 7,500 in float32


def test_its_weights_have_the_names_of_diffusers() -> None:
    theirs = build_unet("sdxl", 4)
    with torch.device("meta"):
        ours = UNet(UNetConfig.read(theirs.config))
    shapes = {name: weight.shape for name, weight in theirs.state_dict().items()}
    assert {name: weight.shape for name, weight in ours.state_dict().items()} == shapes


def test_sizes_are_asked_for() -> None:
    network = UNet(UNetConfig.read(build_unet("sdxl", 4).config))
    with pytest.raises(ValueError, match="text_embeds and time_ids"):
        network(torch.zeros(1, 4, 8, 8), torch.zeros(1), torch.zeros(1, 2, 128))
