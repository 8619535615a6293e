"""Whole pictures against the stock `StableDiffusionPipeline` on the same folder, from the same start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline
from torch import Tensor

from sdplay.engines.device import make_placement
from sdplay.events import ImageDone
from sdplay.families.sd.model import load as load_sd
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.recipe import plan
from sdplay.sampling.noise import seed_noise
from tests.support.builtin import SIDE
from tests.support.drawing import settled
from tests.support.watched import Watched

pytestmark = pytest.mark.usefixtures("quiet_diffusers")
STEPS = 20
TOLERANCE = 1e-4  # relative L2 of the final latents in float32, as issue 2 asks
RESCALED = 1e-5  # the same with guidance rescale
PROMPT, NEGATIVE, GUIDANCE = "a red apple on the table", "blue cat", 5.0


def ours(folder: Path, **fields: Any) -> tuple[Tensor, np.ndarray, Tensor]:
    """(final latents, pixels, the noise it started from) of one picture."""
    what = settled(folder, PROMPT, negative_prompt=NEGATIVE, sampler="euler", steps=STEPS, **fields)
    family: Any = Watched(load_sd(what.model.path, make_placement("cpu", "float32", "float32")))
    (frame,) = plan(what.recipe, [0])
    (picture,) = [
        event.picture
        for event in render(what.recipe, [frame], family, TextEncodingCache(family))
        if isinstance(event, ImageDone)
    ]
    (latents,) = family.latents
    return latents, picture.pixels, seed_noise(frame.noise, latents.shape[1:])


def theirs(
    folder: Path, noise: Tensor, guidance: float, side: int, spacing: str, **given: Any
) -> tuple[Tensor, np.ndarray]:
    """(final latents, pixels) of the stock pipeline with its stock Euler scheduler; `given` are its own arguments."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, local_files_only=True)
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config, timestep_spacing=spacing)
    pipeline.set_progress_bar_config(disable=True)
    asked = {
        "negative_prompt": NEGATIVE,
        "num_inference_steps": STEPS,
        "guidance_scale": guidance,
        "height": side,
        "width": side,
        "output_type": "latent",
        "return_dict": False,
        **given,
    }
    with torch.inference_mode():
        latents = pipeline(PROMPT, latents=noise[None].clone(), **asked)[0]
        decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor, return_dict=False)[0]
    picture = pipeline.image_processor.postprocess(decoded, output_type="np")[0]
    return latents, (picture * 255).round().astype(np.uint8)


def assert_parity(folder: Path, schedule: str, guidance: float, side: int) -> None:
    latents, pixels, noise = ours(folder, schedule=schedule, guidance_scale=guidance)
    other, other_pixels = theirs(folder, noise, guidance, side, schedule)
    assert float((latents - other).norm() / other.norm()) <= TOLERANCE
    assert pixels.shape == other_pixels.shape
    assert np.abs(pixels.astype(int) - other_pixels.astype(int)).max() <= 1  # one level, where a half was rounded


@pytest.mark.parametrize("guidance", [GUIDANCE, 1.0])
def test_epsilon_prediction_on_the_leading_ladder(tiny: Path, guidance: float) -> None:
    assert_parity(tiny, "leading", guidance, 64)


@pytest.mark.parametrize("guidance", [GUIDANCE, 1.0])
def test_v_prediction_on_the_trailing_ladder(tiny_v: Path, guidance: float) -> None:
    assert_parity(tiny_v, "trailing", guidance, 64)


@pytest.mark.parametrize("schedule", ["trailing", "leading"])
def test_the_built_in_model(builtin: Path, schedule: str) -> None:
    assert_parity(builtin, schedule, 3.0, SIDE)


@pytest.mark.parametrize("model", ["tiny", "tiny_v"])
def test_guidance_rescale(request: pytest.FixtureRequest, model: str) -> None:
    folder = request.getfixturevalue(model)
    latents, _, noise = ours(folder, schedule="trailing", guidance_scale=10.0, guidance_rescale=0.7)
    other, _ = theirs(folder, noise, 10.0, 64, "trailing", guidance_rescale=0.7)
    assert float((latents - other).norm() / other.norm()) <= RESCALED
    without, _ = theirs(folder, noise, 10.0, 64, "trailing")
    assert float((latents - without).norm() / without.norm()) > 100 * RESCALED


def test_the_comparison_would_notice(tiny: Path, tiny_v: Path) -> None:
    """Another guidance, another prediction or another start are far outside the tolerance."""
    latents, _, noise = ours(tiny, schedule="leading", guidance_scale=GUIDANCE)
    for other, _ in (
        theirs(tiny, noise, GUIDANCE * 1.01, 64, "leading"),
        theirs(tiny, noise, GUIDANCE, 64, "trailing"),
        theirs(tiny, noise * 1.001, GUIDANCE, 64, "leading"),
    ):
        assert float((latents - other).norm() / other.norm()) > 3 * TOLERANCE
