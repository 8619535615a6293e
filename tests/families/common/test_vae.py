"""A VAE in a file of its own, in every layout there is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import make_placement
from sdplay.families.base import load_family
from tests.support import original

FLOAT32 = make_placement("cpu", "float32", "float32")
WEIGHTS = "diffusion_pytorch_model.safetensors"
Write = Callable[[Path, Path], Path]


def weights_in(model: Path) -> dict[str, Tensor]:
    return load_file(model / "vae" / WEIGHTS)


def folder(model: Path, to: Path) -> Path:
    return Path(shutil.copytree(model / "vae", to / "mine"))


def file_in_a_folder(model: Path, to: Path) -> Path:
    return folder(model, to) / WEIGHTS


def diffusers_file(model: Path, to: Path) -> Path:
    return Path(shutil.copy(model / "vae" / WEIGHTS, to / "mine.safetensors"))


def original_file(model: Path, to: Path) -> Path:
    named = original.codec(original.read(model / "vae"))
    bare = {name.removeprefix("first_stage_model."): w.contiguous() for name, w in named.items()}
    save_file(bare | {"loss.logvar": torch.zeros(())}, to / "mine.safetensors")  # so it is in the files of the field
    return to / "mine.safetensors"


def cut_out_of_a_checkpoint(model: Path, to: Path) -> Path:
    named = original.codec(original.read(model / "vae"))
    save_file({name: w.contiguous() for name, w in named.items()}, to / "mine.safetensors")
    return to / "mine.safetensors"


WRITERS: tuple[Write, ...] = (folder, file_in_a_folder, diffusers_file, original_file, cut_out_of_a_checkpoint)


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_the_models_own_vae_given_apart_gives_the_same_bits(
    kind: str, write: Write, kinds: dict[str, Path], tmp_path: Path, latents: Tensor
) -> None:
    name = "sdxl" if kind == "sdxl" else "sd"
    own, apart = (load_family(name, kinds[kind], FLOAT32, codec) for codec in (None, write(kinds[kind], tmp_path)))
    assert torch.equal(own.decode(latents), apart.decode(latents))
    pixels = own.decode(latents).clamp(-1, 1)
    assert torch.equal(own.encode(pixels), apart.encode(pixels))


def test_a_vae_of_odd_shapes_is_read_with_what_the_models_own_says(tiny: Path, tmp_path: Path, latents: Tensor) -> None:
    """Norms in groups of 4, as no file says of itself."""
    own, apart = (load_family("sd", tiny, FLOAT32, codec) for codec in (None, diffusers_file(tiny, tmp_path)))
    assert torch.equal(own.decode(latents), apart.decode(latents))


def test_another_vae_changes_the_pixels_and_nothing_else(
    kinds: dict[str, Path], tmp_path: Path, latents: Tensor
) -> None:
    changed = {
        name: w * 1.1 if name.startswith("decoder.conv_out") else w for name, w in weights_in(kinds["sd15"]).items()
    }
    save_file(changed, tmp_path / "other.safetensors")
    own, other = (load_family("sd", kinds["sd15"], FLOAT32, codec) for codec in (None, tmp_path / "other.safetensors"))
    assert torch.allclose(other.decode(latents), own.decode(latents) * 1.1, atol=1e-5)
    one, two = (each.denoiser([each.encode_text("a cat")])(latents, 3.0) for each in (own, other))
    assert torch.equal(one, two)


def test_the_scale_of_latents_is_the_models_own(kinds: dict[str, Path], tmp_path: Path, latents: Tensor) -> None:
    path = folder(kinds["sd15"], tmp_path)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"scaling_factor": 0.5}))
    own, other = (load_family("sd", kinds["sd15"], FLOAT32, codec) for codec in (None, path))
    assert torch.equal(own.decode(latents), other.decode(latents))


def without_a_tensor(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: w for name, w in weights.items() if name != "decoder.conv_out.bias"}


def of_wider_latents(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"decoder.conv_in.weight": torch.zeros(32, 16, 3, 3)}


def of_larger_blocks(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    first = {name: w for name, w in weights.items() if name.startswith("encoder.down_blocks.3.")}
    return weights | {name.replace("blocks.3.", "blocks.4."): w.clone() for name, w in first.items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_a_tensor, "1 of its weights are not in the file, decoder.conv_out.bias for one"),
        (of_wider_latents, "its latents have 16 channels, and those of this model have 4"),
        (of_larger_blocks, "its latents are 16 times as small as a picture, and those of this model 8 times"),
    ],
)
def test_a_vae_that_does_not_fit_says_why(change: Any, reason: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    save_file(change(weights_in(kinds["sd15"])), tmp_path / "bad.safetensors")
    with pytest.raises(ModelBroken, match=reason) as caught:
        load_family("sd", kinds["sd15"], FLOAT32, tmp_path / "bad.safetensors")
    assert caught.value.field == "vae"
