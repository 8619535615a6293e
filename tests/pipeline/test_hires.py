"""Pictures in two passes: against the same steps put together from stock parts, and as pure as all the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_img2img as stock_img2img
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.sample import SecondPass
from sdplay.engines.device import make_placement
from sdplay.events import ImageDone, Stepped
from sdplay.executors.fake import fake_picture
from sdplay.families.sd.model import load as load_sd
from sdplay.pipeline.hires import LATENT_MODES, second_pass_sigmas
from sdplay.pipeline.latents import to_pixels
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.recipe import plan
from sdplay.requests.txt2img import picture_size
from sdplay.sampling.noise import seed_noise
from sdplay.sampling.process import make_process
from sdplay.sampling.sigmas import make_sigmas
from sdplay.studio import ResolvedRequest, Studio
from tests.pipeline.stub import StubFamily
from tests.support.drawing import digests, each_alone, settled
from tests.support.recipes import recipe
from tests.support.watched import Watched

TOLERANCE = 1e-3  # relative L2 of the final latents in float32, as for img2img
PROMPT, NEGATIVE, GUIDANCE = "a red apple on the table", "blue cat", 5.0
STEPS, SECOND_STEPS, STRENGTH = 12, 10, 0.5
PROCESS = make_process()


def asked(folder: Path, upscaler: str, **fields: Any) -> ResolvedRequest:
    second = {"hires_scale": 1.5, "hires_upscaler": upscaler, "hires_steps": SECOND_STEPS, "hires_strength": STRENGTH}
    first = {"negative_prompt": NEGATIVE, "sampler": "euler", "schedule": "leading", "steps": STEPS}
    return settled(folder, PROMPT, guidance_scale=GUIDANCE, **{**first, **second, **fields})


def ours(what: ResolvedRequest) -> Tensor:
    family: Any = Watched(load_sd(what.model.path, make_placement("cpu", "float32", "float32")))
    for _ in render(what.recipe, plan(what.recipe, [0]), family, TextEncodingCache(family)):
        pass
    return family.latents[-1]


def theirs(what: ResolvedRequest, upscaler: str, patch: pytest.MonkeyPatch, loud: float = 1.0) -> Tensor:
    """txt2img, then what lies between, then img2img; their noise is ours, and of the VAE they take the mean."""
    noise = next(iter(plan(what.recipe, [0]))).noise

    def drawn(shape: tuple[int, ...], **_: Any) -> Tensor:
        return seed_noise(noise, shape[1:])[None] * loud  # type: ignore[arg-type]

    patch.setattr(stock_img2img, "randn_tensor", drawn)
    patch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())
    first = StableDiffusionPipeline.from_pretrained(what.model.path, safety_checker=None, local_files_only=True)
    first.scheduler = EulerDiscreteScheduler.from_config(first.scheduler.config, timestep_spacing="leading")
    second = StableDiffusionImg2ImgPipeline.from_pipe(first)
    words = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "guidance_scale": GUIDANCE}
    for each in (first, second):
        each.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        start = seed_noise(noise, (4, 8, 8))[None]  # type: ignore[arg-type]
        latents = first(
            latents=start, num_inference_steps=STEPS, width=64, height=64, output_type="latent", **words
        ).images
        if upscaler == "lanczos":
            decoded = first.vae.decode(latents / first.vae.config.scaling_factor, return_dict=False)[0]
            image: Any = Image.fromarray(to_pixels(decoded)[0]).resize((96, 96), Image.Resampling.LANCZOS)
        else:
            image = torch.nn.functional.interpolate(latents, (12, 12), mode="bilinear")
        whole = round(SECOND_STEPS / STRENGTH)  # of which it draws the share `strength`
        return second(image=image, num_inference_steps=whole, strength=STRENGTH, output_type="latent", **words).images


@pytest.mark.usefixtures("quiet_diffusers")
@pytest.mark.parametrize("upscaler", ["latent", "lanczos"])
def test_two_passes_are_txt2img_enlarged_and_then_img2img(
    tiny: Path, upscaler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = asked(tiny, upscaler)
    latents, other = ours(what), theirs(what, upscaler, monkeypatch)
    assert latents.shape == other.shape == (1, 4, 12, 12)
    assert float((latents - other).norm() / other.norm()) <= TOLERANCE
    louder = theirs(what, upscaler, monkeypatch, loud=1.01)
    assert float((latents - louder).norm() / other.norm()) > TOLERANCE  # or it would not notice a thing


@pytest.mark.parametrize("tile", [1, 3])
@pytest.mark.parametrize("upscaler", ["latent-antialiased", "lanczos"])
def test_a_picture_alone_is_the_picture_in_a_batch(tiny: Path, tile: int, upscaler: str) -> None:
    what = settled(tiny, hires_scale=1.5, hires_upscaler=upscaler, tile=tile)
    with Studio() as studio:
        batch = digests(studio, what, range(4))
        assert len(set(batch.values())) == 4
        assert digests(studio, what, [3, 1]) == {3: batch[3], 1: batch[1]}
        assert each_alone(studio, what, [0, 3]) == {0: batch[0], 3: batch[3]}


def test_every_upscaler_draws_a_picture_of_its_own(tiny: Path) -> None:
    with Studio() as studio:
        found = {
            upscaler: digests(studio, settled(tiny, hires_scale=1.5, hires_upscaler=upscaler), [0])[0]
            for upscaler in (*LATENT_MODES, "lanczos")
        }
    found.pop("latent-antialiased")  # which is smoothed where latents become fewer, and here they become more
    found.pop("latent-bicubic-antialiased")
    assert len(set(found.values())) == len(found)


def run(**fields: Any) -> tuple[list[Stepped], list[np.ndarray], StubFamily]:
    made, family = recipe(seed=3, **fields), StubFamily()
    events = list(render(made, plan(made, [0]), family, TextEncodingCache(family)))
    pictures = [event.picture.pixels for event in events if isinstance(event, ImageDone)]
    return [event for event in events if isinstance(event, Stepped)], pictures, family


def test_steps_are_counted_through_both_passes() -> None:
    steps, (picture,), _ = run(width=72, hires_scale=1.5, steps=4, hires_steps=3, hires_strength=0.4)
    assert [(event.step, event.steps) for event in steps] == [(step, 7) for step in range(1, 8)]
    assert picture.shape == (96, 104, 3)  # 108 is not a multiple of 8


def test_of_no_strength_at_all_it_is_only_enlarged() -> None:
    steps, (picture,), family = run(hires_scale=2, hires_strength=0.0, hires_upscaler="latent-nearest")
    _, (small,), _ = run()
    assert len(steps) == len(family.asked) == 4
    assert np.array_equal(picture, small.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("prompt", ["a [cat:dog:1.5]", "a [cat:dog:6]"])
def test_words_may_change_in_the_second_pass(prompt: str) -> None:
    assert run(prompt=prompt)[2].encoded == ["", "a cat"]
    assert run(prompt=prompt, hires_scale=2)[2].encoded == ["", "a cat", "a dog"]


@given(
    steps=st.integers(1, 60),
    strength=st.integers(1, 100).map(lambda hundredths: hundredths / 100),
    schedule=st.sampled_from(["trailing", "leading", "karras"]),
)
def test_as_many_steps_are_done_as_were_asked_for(steps: int, strength: float, schedule: str) -> None:
    second = SecondPass(width=64, height=64, upscaling="latent", steps=steps, strength=strength)
    length = int(steps / strength)
    levels = second_pass_sigmas(PROCESS, schedule, second)
    if length <= PROCESS.schedule.length:
        assert levels.steps == steps
        assert levels.levels == make_sigmas(PROCESS, schedule, length).levels[-steps - 1 :]
    else:
        assert 1 <= levels.steps < steps


def test_a_picture_that_would_be_too_large_is_refused_before_anything_is_drawn() -> None:
    with pytest.raises(BadRequest, match="1024x512 becomes 8192x4096") as caught:
        recipe(width=1024, height=512, hires_scale=8)
    assert (caught.value.field, caught.value.value) == ("hires_scale", 8)


def test_pretended_pictures_are_as_large_as_real_ones() -> None:
    made = recipe(hires_scale=1.75, width=128)
    assert picture_size(made) == (224, 112)
    assert fake_picture(made, 0).pixels.shape == (112, 224, 3)
    assert picture_size(replace(made, request=recipe().request)) == (128, 64)
