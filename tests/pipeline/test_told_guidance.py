"""A network that is told its guidance (a whole LCM): as in its own pipeline, in one half, and by one prompt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LatentConsistencyModelPipeline, LCMScheduler, StableDiffusionPipeline, UNet2DConditionModel

from sdplay.core.errors import BadRequest
from sdplay.core.sample import Noise
from sdplay.engines.device import make_placement
from sdplay.events import ImageDone
from sdplay.families.sd.model import load as load_sd
from sdplay.library.few_steps import few_steps_of
from sdplay.library.resolve import resolve
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.recipe import Recipe, plan
from sdplay.sampling.noise import seed_noise
from sdplay.sampling.process import make_process
from sdplay.sampling.sigmas import make_sigmas
from sdplay.studio import Studio
from tests.support.drawing import settled
from tests.support.kinds import build_kind
from tests.support.original import write_original

pytestmark = pytest.mark.usefixtures("quiet_diffusers")
SETTINGS: dict[str, Any] = {"steps": 1, "sampler": "lcm", "schedule": "trailing", "prompt_syntax": "plain", "seed": 3}


@pytest.fixture(scope="module")
def lcm(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lcm") / "told"
    shutil.copytree(tiny, folder)
    return told(folder)


def told(folder: Path) -> Path:
    """Give the model in `folder` a network that reads its guidance."""
    config = json.loads((folder / "unet" / "config.json").read_text()) | {"time_cond_proj_dim": 32}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = UNet2DConditionModel.from_config(config)
        torch.nn.init.normal_(network.time_embedding.cond_proj.weight)
    network.save_pretrained(folder / "unet")
    return folder


def drawn(recipe: Recipe, folder: Path) -> tuple[torch.Tensor, set[int]]:
    """(final latents, how many rows the network was asked for)."""
    family = load_sd(folder, make_placement("cpu", "float32", "float32"))
    rows: set[int] = set()
    family.unet.register_forward_pre_hook(lambda _, given: rows.add(len(given[0])))
    events = render(recipe, plan(recipe, [0]), family, TextEncodingCache(family), keep_latents=True)
    (picture,) = [event.picture for event in events if isinstance(event, ImageDone)]
    assert picture.latents is not None
    return torch.from_numpy(picture.latents), rows


@pytest.mark.parametrize("guidance", [1.0, 2.0, 8.0])
def test_it_draws_what_its_own_pipeline_draws(lcm: Path, guidance: float) -> None:
    recipe = settled(lcm, "a red apple", **SETTINGS, guidance_scale=guidance).recipe
    ours, rows = drawn(recipe, lcm)
    assert rows == {1}
    read: Any = StableDiffusionPipeline.from_pretrained(lcm, safety_checker=None, local_files_only=True)
    parts = read.components | {"scheduler": LCMScheduler.from_config(read.scheduler.config)}
    theirs: Any = LatentConsistencyModelPipeline(**parts, requires_safety_checker=False)
    theirs.set_progress_bar_config(disable=True)
    sigma = make_sigmas(make_process(), "trailing", 1).levels[0]
    noise = seed_noise(Noise(seed=3), ours.shape)[None] * sigma / (1 + sigma**2) ** 0.5  # theirs begins with all noise
    size = {"width": recipe.width, "height": recipe.height}
    asked = {"num_inference_steps": 1, "guidance_scale": guidance, "latents": noise, "output_type": "latent"}
    wanted = theirs("a red apple", **asked, **size).images[0]
    assert float((ours - wanted).norm() / wanted.norm()) < 1e-4


def test_what_it_is_told_reaches_the_picture(lcm: Path) -> None:
    latents = [drawn(settled(lcm, "a cat", **SETTINGS, guidance_scale=scale).recipe, lcm)[0] for scale in (2.0, 8.0)]
    assert not torch.equal(*latents)


def test_left_out_its_settings_are_those_it_was_made_for(lcm: Path) -> None:
    recipe = settled(lcm, "a cat", steps=None, sampler=None, guidance_scale=None).recipe
    assert (recipe.sampler, recipe.steps, recipe.guidance_scale) == ("lcm", 4, 8.0)


def test_a_single_file_is_told_as_its_folder_is(tmp_path: Path) -> None:
    folder = told(build_kind(tmp_path / "folder", "sd15"))
    file = write_original(folder, "sd15", tmp_path / "lcm.safetensors")
    recipe = settled(folder, "a cat", **SETTINGS, guidance_scale=3.0).recipe
    (ours, rows), (same, _) = drawn(recipe, file), drawn(recipe, folder)
    assert rows == {1}
    assert torch.equal(ours, same)
    assert few_steps_of(resolve(str(file))) is not None


def test_several_prompts_cannot_guide_it(lcm: Path) -> None:
    composed = settled(lcm, "a red apple AND a blue cat", **SETTINGS | {"prompt_syntax": "a1111"})
    with Studio() as studio, pytest.raises(BadRequest, match="one prompt only"):
        list(studio.run(composed, [0]))
