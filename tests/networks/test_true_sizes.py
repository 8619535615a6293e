"""Every network of SD 1.5, SD 2.1 and SDXL base in its true size against that of diffusers or transformers, to the bit.

Both have the same weights in the same memory; those of SDXL are bfloat16, and so is what it calculates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sdplay.engines.openvino import OpenVinoEngine
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.config import ClipTextConfig, UNetConfig, VaeConfig
from sdplay.networks.unet import UNet
from sdplay.networks.vae import AutoencoderKL
from tests.support.machine import memory_available
from tests.support.truesize import SD15, SD21, SDXL, Build, drawn, empty_parts
from tests.support.twins import latents, noise, placed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("quiet_diffusers")]
BUILDS = {"sd15": SD15, "sd21": SD21, "sdxl": SDXL}
NEEDED = 7 * 2**30  # bytes of memory
CONVERTING = 14 * 2**30


def twins(build: Build, part: str) -> tuple[Any, Any]:
    """Ours and theirs, with random weights."""
    if (there := memory_available()) < NEEDED:
        pytest.skip(f"this needs {NEEDED / 2**30:.0f} GiB of memory, {there / 2**30:.1f} are free")
    theirs: Any = empty_parts(build)[part]
    with torch.device("meta"):
        ours = same_kind(part, theirs.config)
    random = torch.Generator().manual_seed(5)
    shapes = {name: tuple(weight.shape) for name, weight in theirs.named_parameters()}
    weights = {name: placed(drawn(name, shape, random), build.dtype) for name, shape in shapes.items()}
    theirs.load_state_dict(weights, strict=False, assign=True)
    level = "text_model." if part == "text_encoder" else ""
    ours.load_state_dict({level + name: weight for name, weight in weights.items()}, assign=True)
    for name, numbers in list(theirs.named_buffers()):  # places of tokens, in no file
        holder = theirs.get_submodule(name.rpartition(".")[0])
        holder.position_ids = torch.arange(numbers.size(-1)).expand(numbers.shape)
    return ours.eval(), theirs.eval()


def same_kind(part: str, config: Any) -> nn.Module:
    if part == "unet":
        return UNet(UNetConfig.read(config))
    if part == "vae":
        return AutoencoderKL(VaeConfig.read(config))
    return CLIPTextModel(ClipTextConfig.read(config.to_dict()), projected=part == "text_encoder_2")


@pytest.fixture(params=list(BUILDS))
def build(request: pytest.FixtureRequest) -> Build:
    return BUILDS[request.param]


@torch.inference_mode()
def test_the_unet(build: Build) -> None:
    ours, theirs = twins(build, "unet")
    given: dict[str, Any] = {"encoder_hidden_states": noise(2, 2, 77, ours.config.cross_attention_dim).to(build.dtype)}
    if build is SDXL:
        numbers = torch.tensor([[1024.0, 1024, 0, 0, 1024, 1024]]).expand(2, -1)
        given["added_cond_kwargs"] = {"text_embeds": noise(3, 2, 1280).to(build.dtype), "time_ids": numbers}
    x, times = latents(build.dtype, 4, (32, 24)), torch.tensor([712.3, 5.0])
    found = ours(x, times, **given)
    assert torch.equal(found, theirs(x, times, return_dict=False, **given)[0])
    assert float(found.float().std()) > 0.1


@pytest.mark.parametrize("build", ["sd15", "sd21"], indirect=True)
@torch.inference_mode()
def test_the_unet_in_openvino(build: Build, tmp_path: Path) -> None:
    if (there := memory_available()) < CONVERTING:
        pytest.skip(f"this needs {CONVERTING / 2**30:.0f} GiB of memory, {there / 2**30:.1f} are free")
    ours, _ = twins(build, "unet")
    given = {"encoder_hidden_states": noise(2, 2, 77, ours.config.cross_attention_dim)}
    x, times = latents(torch.float32, 4, (32, 24)), torch.tensor([712.3, 5.0])
    expected = ours(x, times, **given)
    for precision, apart in (("float32", 1e-5), ("bfloat16", 5e-2)):  # from one file, converted once
        found = OpenVinoEngine(precision, 1, tmp_path).compile(ours, list)(x, times, **given)
        assert float((found - expected).norm() / expected.norm()) < apart


@torch.inference_mode()
def test_the_vae(build: Build) -> None:
    ours, theirs = twins(build, "vae")
    pixels = placed(noise(1, 1, 3, 256, 192), build.dtype)
    mean = ours.encode(pixels)
    assert torch.equal(mean, theirs.encode(pixels).latent_dist.mode())
    assert torch.equal(ours.decode(mean), theirs.decode(mean, return_dict=False)[0])


@torch.inference_mode()
def test_the_text_encoders(build: Build) -> None:
    for number in range(len(build.texts)):
        ours, theirs = twins(build, "text_encoder_2" if number else "text_encoder")
        tokens = torch.tensor([[49406, 320, 736, 3055, *[49407] * 73]])
        found, wanted = ours(tokens), theirs(tokens, output_hidden_states=True)
        assert torch.equal(found.last_hidden_state, wanted.last_hidden_state)
        assert all(map(torch.equal, found.hidden_states, wanted.hidden_states))
        pooled: Tensor | None = getattr(wanted, "text_embeds", None)
        assert (found.text_embeds is None) == (pooled is None)
        assert pooled is None or torch.equal(found.text_embeds, pooled)
