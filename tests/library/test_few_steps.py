"""Names under which distilled files were published, and the settings that each was made for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from sdplay.core.identity import AddOn, ResolvedAddOn
from sdplay.core.machine import Machine
from sdplay.library.few_steps import few_steps_of, known
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.requests.warnings import request_warnings

MACHINE = Machine(device="cpu", dtype="float32", threads=1)
PUBLISHED = {
    "lcm-lora-sdv1-5": ("LCM", 6, 1.8, "lcm", "trailing"),
    "LCM_LoRA_Weights_SD15": ("LCM", 6, 1.8, "lcm", "trailing"),
    "Hyper-SD15-8steps-CFG-lora": ("Hyper-SD with guidance", 8, 3.5, "euler", "trailing"),
    "Hyper-SDXL-4steps-lora": ("Hyper-SD", 4, 1.0, "ddim", "trailing"),
    "Hyper-SD15-1step-lora": ("Hyper-SD", 1, 1.0, "ddim", "trailing"),
    "sdxl_lightning_4step_lora": ("Lightning", 4, 1.0, "euler", "trailing"),
    "sdxl_lightning_8step": ("Lightning", 8, 1.0, "euler", "trailing"),
    "dmd2_sdxl_4step_lora_fp16": ("DMD2", 4, 1.0, "lcm", "trailing"),
    "TCD-SD15-LoRA": ("TCD", 4, 1.0, "tcd", "trailing"),
    "sd_turbo": ("SD-Turbo", 4, 1.0, "euler_a", "trailing"),
    "sd_xl_turbo_1.0_fp16": ("SDXL-Turbo", 4, 1.0, "euler_a", "trailing"),
}
MERGES = {
    "DreamShaperXL_Turbo_v2": "a merge of Turbo",
    "juggernautXL_v9Rdphoto2Lightning": "a merge of Lightning",
    "realvisxlV40_v40LightningBakedvae": "a merge of Lightning",
    "DreamShaper8_LCM": "LCM",
}
OTHERS = [
    "v1-5-pruned-emaonly",
    "hyperrealism_v3",
    "epicrealism_hyperVAE",
    "dmdoll",
    "perturbed",
    "pytorch_lora_weights",
]


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("is_checkpoint", [False, True])
def test_published_names(name: str, *, is_checkpoint: bool) -> None:
    found = known([name], is_checkpoint=is_checkpoint)
    assert found is not None
    assert (found.title, found.steps, found.guidance_scale, found.sampler, found.schedule) == PUBLISHED[name]


@pytest.mark.parametrize("name", MERGES)
def test_merges_keep_the_word_in_their_names(name: str) -> None:
    found = known([name], is_checkpoint=True)
    assert found is not None
    assert found.title == MERGES[name]


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_others(name: str) -> None:
    assert known([name], is_checkpoint=True) is None


@pytest.mark.parametrize("name", ["lightningBoltStyle", "turbo_car_v1"])
def test_a_lora_that_draws_lightning_is_none(name: str) -> None:
    assert known([name], is_checkpoint=False) is None


@pytest.fixture
def model(tiny: Path) -> ResolvedModel:
    return resolve(str(tiny))


def with_lora(model: ResolvedModel, path: Path, name: str, **metadata: str) -> ResolvedModel:
    save_file({"a": torch.zeros(1)}, path, metadata)
    lora = ResolvedAddOn(identity=AddOn(kind="lora", name=name, digest="0" * 64), path=path, origin=path)
    return replace(model, add_ons=(lora,))


def recipe(model: ResolvedModel, **fields: Any) -> Recipe:
    return resolve_request(make_request(Txt2Img, prompt="a cat", **fields), model, MACHINE, 1)


def test_a_lora_says_in_its_metadata_what_it_is(model: ResolvedModel, tmp_path: Path) -> None:
    found = few_steps_of(with_lora(model, tmp_path / "a.safetensors", "mine", ss_output_name="Hyper-SD15-4steps-lora"))
    assert found is not None
    assert (found.name, found.settings.title, found.settings.steps) == ("mine", "Hyper-SD", 4)
    assert few_steps_of(with_lora(model, tmp_path / "b.safetensors", "mine", ss_output_name="cats")) is None


def test_settings_left_out_are_those_and_settings_named_are_kept(model: ResolvedModel, tmp_path: Path) -> None:
    tuned = with_lora(model, tmp_path / "lcm-lora-sdv1-5.safetensors", "lcm-lora-sdv1-5")
    plain = recipe(tuned)
    assert (plain.steps, plain.guidance_scale, plain.sampler, plain.schedule) == (6, 1.8, "lcm", "trailing")
    asked = recipe(tuned, steps=3, guidance_scale=1.2, sampler="euler", schedule="karras")
    assert (asked.steps, asked.guidance_scale, asked.sampler, asked.schedule) == (3, 1.2, "euler", "karras")


def test_it_is_said_in_one_line_what_was_taken(model: ResolvedModel, tmp_path: Path) -> None:
    tuned = with_lora(model, tmp_path / "dmd2.safetensors", "dmd2_sdxl_4step_lora")

    def said(**fields: Any) -> list[str]:
        found = request_warnings(recipe(tuned, **fields), tuned)
        return [one.message for one in found if one.code == "few-steps"]

    made_for = "dmd2_sdxl_4step_lora was made for few steps (DMD2): "
    assert said() == [made_for + "4 steps, no guidance, lcm trailing"]
    assert said(steps=8) == [made_for + "no guidance, lcm trailing"]
    assert said(steps=8, guidance_scale=2.0, sampler="euler") == []


def test_a_checkpoint_may_be_made_for_another_size(model: ResolvedModel) -> None:
    name = replace(model.identity, name="sd_xl_turbo_1.0")
    assert recipe(replace(model, identity=name, card=replace(model.card, size=1024))).width == 512


def test_a_network_that_is_told_its_guidance_says_so_itself(model: ResolvedModel, tmp_path: Path) -> None:
    folder = tmp_path / "any name"
    shutil.copytree(model.path, folder)
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"time_cond_proj_dim": 256}))
    found = few_steps_of(replace(model, path=folder))
    assert found is not None
    assert (found.settings.sampler, found.settings.steps, found.settings.guidance_scale) == ("lcm", 4, 8.0)
    single = tmp_path / "single.safetensors"
    save_file({"model.diffusion_model.time_embedding.cond_proj.weight": torch.zeros(4, 256)}, single)
    assert few_steps_of(replace(model, path=single)) == replace(found, name=model.identity.name)
    save_file({"model.diffusion_model.time_embed.0.weight": torch.zeros(4, 4)}, single)
    assert few_steps_of(replace(model, path=single)) is None


def test_the_model_in_the_box_says_itself_what_it_is() -> None:
    assert few_steps_of(resolve("builtin")) is None
