"""Checkpoints as programs of the field write them are loaded as the plain one is, or say what they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import make_placement
from sdplay.families import ARCHITECTURES
from sdplay.families.base import load_family
from sdplay.families.common.latent_model import read_process
from sdplay.families.common.memory import read_model_size
from sdplay.families.common.single_file import unscaled
from sdplay.library.add_ons import resolve_add_on
from sdplay.library.library import Library
from sdplay.library.resolve import resolve
from sdplay.sampling.process import VProcess
from tests.support.original import write_original

FLOAT32 = make_placement("cpu", "float32", "float32")
UNET, VAE = "model.diffusion_model.", "first_stage_model."
Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def plain(kinds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_original(kinds["sd15"], "sd15", tmp_path_factory.mktemp("plain") / "plain.safetensors")


def loaded(path: Path, name: str = "sd", vae: Path | None = None) -> Weights:
    """All weights of a model as it is loaded, by part."""
    family: Any = load_family(name, path, FLOAT32, vae)
    encoders = getattr(family, "text_encoders", None) or (family.text_encoder,)
    parts = {"unet": family.unet, "vae": family.vae, **{f"text {n}": each for n, each in enumerate(encoders)}}
    return {f"{part} {name}": weight for part, each in parts.items() for name, weight in each.state_dict().items()}


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def mean_only(weights: Weights) -> Weights:
    """As a training program leaves its checkpoint if the mean weights alone are kept."""

    def name(plain: str) -> str:
        return "model_ema." + plain.removeprefix("model.").replace(".", "") if plain.startswith(UNET) else plain

    return {name(plain): weight for plain, weight in weights.items()} | {"model_ema.decay": torch.tensor(0.9999)}


def without_text_model(weights: Weights) -> Weights:
    return {name.replace("transformer.text_model.", "transformer."): weight for name, weight in weights.items()}


@pytest.mark.parametrize("other", [mean_only, without_text_model])
def test_other_spellings_of_a_checkpoint_are_loaded_the_same(
    other: Callable[[Weights], Weights], plain: Path, tmp_path: Path
) -> None:
    save_file(other(load_file(plain)), tmp_path / "other.safetensors")
    resolve(str(tmp_path / "other.safetensors"), Library(home=tmp_path))
    assert same(loaded(plain), loaded(tmp_path / "other.safetensors"))


@pytest.mark.parametrize("name", ["scale_weight", "weight_scale"])
def test_scaled_fp8_has_its_size_again(name: str) -> None:
    weight, bias = torch.randn(4, 6).to(torch.float8_e4m3fn), torch.ones(4)
    for scale, rows in (
        (torch.tensor(0.25), 0.25),
        (torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.arange(1.0, 5.0)[:, None]),
    ):
        found = unscaled({"a.weight": weight, "a.bias": bias, f"a.{name}": scale}, torch.float32)
        assert torch.equal(found["a.weight"], weight.float() * rows)
        assert found["a.bias"] is bias
    assert unscaled({"a.weight": weight, f"a.{name}": torch.tensor(1.0)}, torch.float32)["a.weight"] is weight


@pytest.mark.parametrize("form", ["ckpt of means", "ckpt in a ckpt"])
def test_pickles_in_other_forms_are_loaded_the_same(form: str, plain: Path, tmp_path: Path) -> None:
    weights = load_file(plain)
    inner = {"state_dict": mean_only(weights)} if form == "ckpt of means" else {"model": {"state_dict": weights}}
    torch.save(inner, tmp_path / "m.ckpt")
    found = resolve(str(tmp_path / "m.ckpt"), Library(home=tmp_path, cache=tmp_path / "cache"), allow_pickle=True)
    assert same(loaded(plain), loaded(found.path))


@pytest.mark.parametrize("prefix", ["", VAE, "vae."])
def test_a_checkpoint_without_a_vae_is_loaded_with_that_of_a_file(prefix: str, plain: Path, tmp_path: Path) -> None:
    weights = load_file(plain)
    save_file({n: w for n, w in weights.items() if not n.startswith(VAE)}, tmp_path / "m.safetensors")
    vae = {prefix + n.removeprefix(VAE): w for n, w in weights.items() if n.startswith(VAE)}
    save_file(vae, tmp_path / "the-vae.safetensors")
    given = tmp_path / "the-vae.safetensors"
    library = Library(home=tmp_path)
    found = resolve(str(tmp_path / "m.safetensors"), library)
    with pytest.raises(ModelBroken, match="there is no VAE in this model") as caught:
        found.with_add_ons([])
    assert "`vae=NAME`" in caught.value.hint
    whole = found.with_add_ons([resolve_add_on("vae", str(given), library)])
    size = read_model_size(whole.path, ARCHITECTURES, whole.add_ons)
    assert size == read_model_size(plain, ARCHITECTURES)
    assert same(loaded(plain), loaded(tmp_path / "m.safetensors", vae=given))
    with pytest.raises(ModelBroken, match="there is no VAE in this model"):
        loaded(tmp_path / "m.safetensors")


@pytest.mark.parametrize("base", ["sd15", "sdxl"])
@pytest.mark.parametrize("left", ["nothing", "an empty folder", "config.json"])
def test_a_folder_without_a_vae_is_loaded_with_that_of_a_file(
    base: str, left: str, kinds: dict[str, Path], tmp_path: Path
) -> None:
    whole, folder, family = kinds[base], tmp_path / "m", "sdxl" if base == "sdxl" else "sd"
    shutil.copytree(whole, folder)
    vae = tmp_path / "the-vae.safetensors"
    (folder / "vae" / "diffusion_pytorch_model.safetensors").rename(vae)
    if left != "config.json":
        shutil.rmtree(folder / "vae")
    if left == "an empty folder":
        (folder / "vae").mkdir()
    library = Library(home=tmp_path)
    found = resolve(str(folder), library)
    if left != "config.json":
        with pytest.raises(ModelBroken, match="there is no VAE in this model") as caught:
            found.with_add_ons([])
        assert (caught.value.value, caught.value.hint) == (
            str(folder),
            "give one with `vae=NAME`, or its path; or fetch its folder vae",
        )
    given = found.with_add_ons([resolve_add_on("vae", str(vae), library)])
    assert read_model_size(folder, ARCHITECTURES, given.add_ons) == read_model_size(whole, ARCHITECTURES)
    assert same(loaded(whole, family), loaded(folder, family, vae))
    own: Any = load_family(family, whole, FLOAT32)
    lent: Any = load_family(family, folder, FLOAT32, vae)
    assert lent.scaling_factor == own.scaling_factor
    with pytest.raises(ModelBroken, match="there is no VAE in this model"):
        loaded(folder, family)


OPEN_CLIP = {"sd2": ("cond_stage_model.", "text_encoder"), "sdxl": ("conditioner.embedders.1.", "text_encoder_2")}


@pytest.mark.parametrize("base", OPEN_CLIP)
@pytest.mark.parametrize(
    "before", ["transformer.text_model.", "transformer.", "model.text_model.", "model.transformer."]
)
def test_an_open_clip_that_is_named_as_in_transformers_is_loaded_the_same(
    base: str, before: str, kinds: dict[str, Path], tmp_path: Path
) -> None:
    root, part = OPEN_CLIP[base]
    family = "sdxl" if base == "sdxl" else "sd"
    plain = write_original(kinds[base], base, tmp_path / "plain.safetensors")
    weights = {name: weight for name, weight in load_file(plain).items() if not name.startswith(root)}
    for name, weight in load_file(kinds[base] / part / "model.safetensors").items():
        name = name.removeprefix("text_model.")
        top = before.replace("text_model.", "") if name.startswith("text_projection") else before
        weights[root + top + name] = weight
    save_file(weights, tmp_path / "other.safetensors")
    resolve(str(tmp_path / "other.safetensors"), Library(home=tmp_path))
    assert same(loaded(plain, family), loaded(tmp_path / "other.safetensors", family))
    assert (
        read_model_size(tmp_path / "other.safetensors", ARCHITECTURES).unet
        == read_model_size(plain, ARCHITECTURES).unet
    )


def test_of_an_open_clip_with_all_its_24_layers_sd2_reads_23(kinds: dict[str, Path], tmp_path: Path) -> None:
    root = "cond_stage_model.transformer.text_model."
    plain = write_original(kinds["sd2"], "sd2", tmp_path / "plain.safetensors")
    weights = {n: w for n, w in load_file(plain).items() if not n.startswith("cond_stage_model.")}
    for name, weight in load_file(kinds["sd2"] / "text_encoder" / "model.safetensors").items():
        name = name.removeprefix("text_model.")
        for layer in range(24) if ".layers.0." in name else ():
            weights[root + name.replace(".layers.0.", f".layers.{layer}.")] = weight.clone()
        if ".layers." not in name:
            weights[root + name] = weight
    save_file(weights, tmp_path / "other.safetensors")
    names = [name for name in loaded(tmp_path / "other.safetensors") if name.endswith("mlp.fc1.weight")]
    assert len(names) == 23


@pytest.mark.parametrize(
    ("tensors", "metadata", "said"),
    [
        ({"edm_mean": torch.zeros(4), "edm_std": torch.ones(4)}, None, "Playground v2.5"),
        ({"ztsnr": torch.zeros(0)}, None, "it holds ztsnr"),
        ({"edm_vpred.sigma_max": torch.tensor(120.0)}, None, "CosXL"),
        ({}, {"modelspec.prediction_type": "rf"}, "trained to predict 'rf'"),
    ],
)
def test_noise_of_another_kind_is_refused_by_name(
    tensors: Weights, metadata: dict[str, str] | None, said: str, plain: Path, tmp_path: Path
) -> None:
    save_file(load_file(plain) | tensors, tmp_path / "m.safetensors", metadata)
    with pytest.raises(ModelBroken, match=said) as caught:
        resolve(str(tmp_path / "m.safetensors"), Library(home=tmp_path))
    assert "choose another model" in caught.value.hint


def changed(folder: Path, target: Path, **entries: object) -> Path:
    """A copy of a model's folder with these entries in the file of its scheduler."""
    shutil.copytree(folder, target)
    path = target / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))
    return target


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"_class_name": "EDMDPMSolverMultistepScheduler"}, "EDMDPMSolverMultistepScheduler"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler"}, "FlowMatchEulerDiscreteScheduler"),
        ({"num_train_timesteps": 10**9}, "1 to 100,000 are possible"),
        ({"num_train_timesteps": 0}, "1 to 100,000 are possible"),
        ({"beta_end": 3.0}, "0 to 1 are possible"),
        ({"beta_start": -1.0, "beta_schedule": "linear"}, "0 to 1 are possible"),
    ],
)
def test_a_scheduler_that_cannot_be_followed_is_refused(
    entries: dict[str, object], said: str, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=said):
        read_process(changed(tiny, tmp_path / "m", **entries))


def test_zero_snr_is_followed_in_a_folder_and_in_a_file(kinds: dict[str, Path], tmp_path: Path) -> None:
    entries = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    folder = changed(kinds["sdxl"], tmp_path / "folder", **entries)
    single = write_original(kinds["sdxl"], "sdxl", tmp_path / "plain.safetensors")
    weights = load_file(single) | {"v_pred": torch.tensor([])}
    save_file(weights, tmp_path / "v.safetensors")
    save_file(weights | {"ztsnr": torch.tensor([])}, tmp_path / "ztsnr.safetensors")
    processes = [load_family("sdxl", path, FLOAT32).process for path in (folder, tmp_path / "ztsnr.safetensors")]
    assert all(isinstance(each, VProcess) for each in processes)
    assert np.array_equal(processes[0].schedule.sigmas, processes[1].schedule.sigmas)
    assert processes[1].schedule.sigmas[-1] == pytest.approx(4096, rel=1e-6)
    assert load_family("sdxl", tmp_path / "v.safetensors", FLOAT32).process.schedule.sigmas[-1] < 15


def as_pickles(folder: Path, target: Path) -> Path:
    """A copy of a model's folder with pickles for the weights of its U-Net, named as of half precision, and VAE."""
    shutil.copytree(folder, target)
    for part, name in {"unet": "diffusion_pytorch_model.fp16.bin", "vae": "diffusion_pytorch_model.bin"}.items():
        (path,) = (target / part).glob("*.safetensors")
        torch.save(load_file(path), path.with_name(name))
        path.unlink()
    return target


def test_a_folder_of_pickles_is_loaded_where_pickles_may_be_opened(kinds: dict[str, Path], tmp_path: Path) -> None:
    folder = as_pickles(kinds["sd15"], tmp_path / "model")
    library = Library(home=tmp_path / "home", cache=tmp_path / "cache")
    with pytest.raises(ModelBroken, match=r"its weights are a pickle, unet/diffusion.*fp16\.bin") as caught:
        resolve(str(folder), library)
    assert "`allow_pickle`" in caught.value.hint
    found = resolve(str(folder), library, allow_pickle=True)
    assert same(loaded(kinds["sd15"]), loaded(found.path))
    assert (found.origin, found.card.size) == (folder, resolve(str(kinds["sd15"]), library).card.size)
    assert resolve(str(folder), library, allow_pickle=True).identity == found.identity
    with pytest.raises(ModelBroken, match=r"its weights are a pickle, diffusion_pytorch_model\.bin"):
        resolve_add_on("vae", str(folder / "vae"), library)
    vae = resolve_add_on("vae", str(folder / "vae"), library, allow_pickle=True)
    assert same(loaded(kinds["sd15"]), loaded(kinds["sd15"], vae=vae.path))
