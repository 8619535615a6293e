"""How large networks are, from headers and configurations alone; and what they hold at work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import ModelBroken
from sdplay.families import ARCHITECTURES
from sdplay.families.common.memory import (
    UnetSize,
    VaeSize,
    decoder_activations,
    reach,
    read_model_size,
    tiled_decoder_activations,
    unet_activations,
)
from sdplay.library.add_ons import resolve_add_on
from sdplay.library.library import library_from_env
from sdplay.library.resolve import resolve
from sdplay.requests.memory import model_size
from tests.support.kinds import build_kind
from tests.support.original import write_original

# As published: 859.5 million weights, 83.7 in the codec.
SD15 = UnetSize(
    weights=859_520_964, widths=(320, 640, 1280, 1280), layers_per_block=2, attends=(True, True, True, False)
)
CODEC = VaeSize(weights=83_653_863, widths=(128, 256, 512, 512), layers_per_block=2)


@pytest.mark.parametrize("kind", ["sd15", "sd2", "sdxl"])
def test_a_folder_and_a_single_file_of_one_model_are_as_large(kind: str, tmp_path: Path) -> None:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    folder = build_kind(tmp_path / kind, kind)
    single = write_original(folder, kind, tmp_path / "model.safetensors")
    size = read_model_size(folder, ARCHITECTURES)
    with torch.device("meta"):
        parts = ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae"))
        networks = [each.from_config(each.load_config(folder / part)) for each, part in parts]
    assert [size.unet.weights, size.vae.weights] == [sum(p.numel() for p in n.parameters()) for n in networks]
    other = read_model_size(single, ARCHITECTURES)
    assert other.unet == size.unet
    assert other.vae == size.vae
    assert len(other.text_encoders) == len(size.text_encoders) == (2 if kind == "sdxl" else 1)


def test_what_does_not_tell_its_size_is_said_to_be_so(tmp_path: Path) -> None:
    from tests.support.fakemodel import fake_model

    with pytest.raises(ModelBroken, match="its files do not tell how large it is"):
        read_model_size(fake_model(tmp_path / "fake"), ARCHITECTURES)


def test_what_is_added_to_a_model_stands_by(builtin: Path) -> None:
    """The weights of a ControlNet, and the layers that LoRAs change, once for all of them."""
    from safetensors.torch import load_file

    from sdplay.engines.device import make_placement
    from sdplay.families.base import load_family
    from sdplay.families.common.lora_patcher import LoraPatcher, layer_weight

    model, library = resolve("builtin"), library_from_env({})
    canny = resolve_add_on("controlnet", "builtin-canny", library)
    loras = [resolve_add_on("lora", name, library) for name in ("blueprint", "framed")]
    weights = sum(tensor.numel() for tensor in load_file(canny.path).values())
    family: Any = load_family("sd", builtin, make_placement("cpu", "float32", "float32"))
    patches = LoraPatcher(family.unet, [family.text_encoder])
    changed = [
        sum(layer_weight(patches.layers[layer]).numel() for layer in patches.read_fitting(lora)) for lora in loras
    ]
    assert model_size(model) == read_model_size(builtin, ARCHITECTURES)
    assert model_size(replace(model, add_ons=(canny,))).add_ons == weights
    for lora, most in zip(loras, changed, strict=True):
        assert model_size(replace(model, add_ons=(lora,))).add_ons == most > 0
    assert model_size(replace(model, add_ons=(canny, *loras))).add_ons == weights + max(changed)


@pytest.mark.parametrize("side", [32, 64, 96])
def test_what_a_network_holds_grows_with_the_area(side: int) -> None:
    one, two = (unet_activations(SD15, side, side, rows) for rows in (2, 4))
    assert one < two <= 2 * one
    assert unet_activations(SD15, side, 2 * side, 2) == pytest.approx(unet_activations(SD15, 2 * side, side, 2))
    whole, half = (decoder_activations(CODEC, length, side, 1) for length in (2 * side, side))
    assert whole == pytest.approx(2 * half, rel=0.05)


def test_tiles_hold_less_the_smaller_they_are() -> None:
    sizes = [tiled_decoder_activations(CODEC, 128, 128, tile) for tile in (2048, 1024, 512, 256, 128)]
    assert sizes[0] == sizes[1] == decoder_activations(CODEC, 128, 128, 1)
    assert sizes[1] > sizes[2] > sizes[3]
    assert sizes[3] == sizes[4]  # here the first stage, which is whole, holds more than a tile


def test_tiles_reach_as_far_as_the_decoder_in_tiles_says(builtin: Path) -> None:
    from sdplay.engines.device import make_placement
    from sdplay.families.base import load_family

    family = load_family("sd", builtin, make_placement("cpu", "float32", "float32", 64))
    decoder = family.tiled_decoder  # type: ignore[attr-defined]
    assert -(-reach(read_model_size(builtin, ARCHITECTURES).vae) // decoder.scale) == decoder.reach
