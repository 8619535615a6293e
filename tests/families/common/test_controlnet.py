"""ControlNets in every form in which they are passed on, and what is said of files that are none."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.engines.device import make_placement
from sdplay.families.base import load_family
from sdplay.families.common.controlnet import ControlNet, check_controlnet_fits
from sdplay.families.common.controlnet_files import controlnet_config, read_controlnet
from tests.support.controlnets import build_controlnet, held, write_original_controlnet

PLACE = make_placement("cpu", "float32", "float32")


@pytest.fixture(scope="module")
def controls(kinds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A ControlNet folder for each kind of model."""
    root = tmp_path_factory.mktemp("controls")
    return {kind: build_controlnet(root / kind, kinds[kind]) for kind in ("sd15", "sd2", "sdxl")}


def load(path: Path) -> ControlNet:
    return ControlNet(read_controlnet(path, PLACE), PLACE)


def asked(network: ControlNet, lengths: tuple[int, ...] = (77, 77)) -> list[torch.Tensor]:
    """What a ControlNet adds for random latents, texts of these `lengths` and a random picture."""
    random = torch.Generator().manual_seed(1)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random)

    config, rows = network.config, len(lengths)
    extras: dict[str, Any] = {}
    if config.addition_embed_type:
        pooled = config.projection_class_embeddings_input_dim - 6 * 256
        extras = {"added_cond_kwargs": {"text_embeds": some(rows, pooled), "time_ids": some(rows, 6)}}
    texts = [some(length, config.cross_attention_dim) for length in lengths]
    with torch.inference_mode():
        seen = network.read(some(1, 3, 32, 48).sigmoid())
        return network(some(rows, 4, 4, 6), torch.tensor([7.0] * rows), texts, seen, extras)


@pytest.mark.parametrize("kind", ["sd15", "sd2", "sdxl"])
def test_a_folder_and_single_files_say_the_same(kind: str, controls: dict[str, Path], tmp_path: Path) -> None:
    folder = controls[kind]
    plain = tmp_path / "control.safetensors"
    shutil.copyfile(folder / "diffusion_pytorch_model.safetensors", plain)
    within = folder / "diffusion_pytorch_model.safetensors"
    original = write_original_controlnet(folder, tmp_path / "original.safetensors")
    bare = write_original_controlnet(folder, tmp_path / "bare.safetensors", prefix="")
    first, *others = [asked(load(path)) for path in (folder, within, plain, original, bare)]
    assert len(first) == 5  # the first convolution, two resnets, the halving between them, the middle
    assert all(float(each.abs().mean()) > 1e-3 for each in first)
    for other in others:
        assert all(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_the_settings_of_a_true_one_are_read_off_its_tensors() -> None:
    """control_v11p_sd15_canny, and the smaller of the SDXL ones, which has no attention but in its middle."""
    from diffusers import ControlNetModel

    small = {
        "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D",) * 3,
        "transformer_layers_per_block": 1,
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "attention_head_dim": (5, 10, 20),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    }
    for config in ({"cross_attention_dim": 768}, small):
        with torch.device("meta"):
            network = ControlNetModel(**config)
            shapes = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
            again = ControlNetModel(**controlnet_config(shapes))
        assert {name: tuple(weight.shape) for name, weight in again.state_dict().items()} == shapes
        for part in ("block_out_channels", "cross_attention_dim", "use_linear_projection", "layers_per_block"):
            assert again.config[part] == network.config[part]


def test_texts_of_other_lengths_are_looked_at_apart(controls: dict[str, Path]) -> None:
    network = load(controls["sd15"])
    mixed = asked(network, (154, 77, 154))
    assert all(len(each) == 3 for each in mixed)
    assert all(bool(torch.isfinite(each).all()) for each in mixed)
    same = asked(network, (77, 77, 77))
    assert not torch.equal(mixed[-1][1], same[-1][1])  # other random numbers
    alike = asked(network, (77, 77))
    assert len(alike[0]) == 2


def test_a_reader_of_bgr_sees_the_colours_reversed(controls: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "bgr"
    shutil.copytree(controls["sd15"], folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"controlnet_conditioning_channel_order": "bgr"}))
    rgb, bgr = (load(path) for path in (controls["sd15"], folder))
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    assert torch.equal(rgb.read(picture), bgr.read(picture.flip(1)))
    assert not torch.equal(rgb.read(picture), bgr.read(picture))


@pytest.mark.parametrize(
    ("control", "model", "said"),
    [
        ("sd15", "sdxl", "made for a model whose texts are 64 wide, and the model is a model whose texts are 128 wide"),
        ("sdxl", "sd15", "made for a model whose texts are 128 wide"),
    ],
)
def test_one_for_another_model_is_refused(
    control: str, model: str, said: str, controls: dict[str, Path], kinds: dict[str, Path]
) -> None:
    family = load_family("sdxl" if model == "sdxl" else "sd", kinds[model], PLACE)
    family.load_add_ons([held("edges", controls[control])])
    with pytest.raises(BadRequest, match=said) as caught:
        family.controlnets("edges")
    assert caught.value.field == "controlnet"


def test_one_is_read_once_and_let_go(controls: dict[str, Path], kinds: dict[str, Path]) -> None:
    family = load_family("sd", kinds["sd15"], PLACE)
    family.load_add_ons([held("edges", controls["sd15"])])
    first = family.controlnets("edges")
    family.load_add_ons([held("edges", controls["sd15"])])
    assert family.controlnets("edges") is first
    family.load_add_ons([held("others", controls["sd15"])])
    family.load_add_ons([held("edges", controls["sd15"])])
    assert family.controlnets("edges") is not first


def test_one_with_other_widths_is_refused(controls: dict[str, Path], tiny: Path, kinds: dict[str, Path]) -> None:
    family: Any = load_family("sd", kinds["sd15"], PLACE)
    network = load(controls["sd15"])
    check_controlnet_fits(network.config, family.unet.config, family.vae_scale_factor, Path("here"))
    wider = replace(network.config, block_out_channels=(32, 64))
    with pytest.raises(BadRequest, match="made for another network: its block_out_channels is"):
        check_controlnet_fits(wider, family.unet.config, family.vae_scale_factor, Path("here"))
    with pytest.raises(BadRequest, match="made for latents of 8 channels, and the model's have 4"):
        check_controlnet_fits(replace(network.config, in_channels=8), family.unet.config, 8, Path("here"))
    with pytest.raises(BadRequest, match="sees 8 pixels as one latent, and the model's VAE makes one of 4"):
        check_controlnet_fits(network.config, family.unet.config, 4, Path("here"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lora_controlnet", "a Control-LoRA"),
        ("adapter.body.0.in_conv.weight", "a T2I-Adapter"),
        ("task_embedding", r"\(union\)"),
        ("lllite_unet_input_blocks_1.weight", "ControlNet-LLLite"),
        ("some.weight", "this is not a ControlNet"),
    ],
)
def test_files_that_are_none_are_called_by_their_name(name: str, said: str, tmp_path: Path) -> None:
    save_file({name: torch.zeros(2, 2)}, tmp_path / "file.safetensors")
    with pytest.raises(ModelBroken, match=said):
        load(tmp_path / "file.safetensors")


def test_one_that_lacks_weights_is_refused(controls: dict[str, Path], tmp_path: Path) -> None:
    weights = load_file(controls["sd15"] / "diffusion_pytorch_model.safetensors")
    del weights["controlnet_mid_block.bias"]
    save_file(weights, tmp_path / "cut.safetensors")
    with pytest.raises(ModelBroken, match=r"1 of its weights are not in the file, controlnet_mid_block\.bias"):
        load(tmp_path / "cut.safetensors")
    folder = tmp_path / "folder"
    shutil.copytree(controls["sd15"], folder)
    shutil.copyfile(tmp_path / "cut.safetensors", folder / "diffusion_pytorch_model.safetensors")
    with pytest.raises(ModelBroken, match=r"controlnet_mid_block\.bias"):
        load(folder)
