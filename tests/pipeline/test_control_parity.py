"""ControlNet against the stock pipelines of diffusers, on the same random models, from the same noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    ControlNetModel,
    EulerDiscreteScheduler,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.pipelines.controlnet import pipeline_controlnet_img2img as stock_img2img
from PIL import Image
from torch import Tensor

from sdplay.core.sample import Control
from sdplay.engines.device import make_placement
from sdplay.families.base import load_family
from sdplay.images.inputs import make_asset
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.img2img import Img2Img
from sdplay.requests.recipe import plan
from sdplay.sampling.noise import seed_noise
from sdplay.studio import ResolvedRequest
from tests.support.controlnets import build_controlnet, held
from tests.support.drawing import settled
from tests.support.given import photo, settled_on
from tests.support.kinds import build_kind
from tests.support.watched import Watched

pytestmark = pytest.mark.usefixtures("quiet_diffusers")
STEPS, GUIDANCE = 8, 5.0
TOLERANCE = 1e-4  # relative L2 of the final latents in float32
PROMPT, NEGATIVE = "a red apple on the table", "blue cat"
SIZE = (64, 64)
COMMON: dict[str, Any] = {
    "negative_prompt": NEGATIVE,
    "sampler": "euler",
    "schedule": "leading",
    "steps": STEPS,
    "guidance_scale": GUIDANCE,
}


@pytest.fixture(scope="module")
def controlnet(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_controlnet(tmp_path_factory.mktemp("control") / "tiny-control", tiny)


@pytest.fixture
def hint(tmp_path: Path) -> Path:
    return photo(tmp_path / "hint.png", SIZE, seed=9)


def control(hint: Path, **changes: Any) -> Control:
    asset = make_asset("control_image", str(hint))
    plain = Control(image=asset, network="c", edges=None, scale=0.8, start=0.0, end=1.0)
    return replace(plain, **changes)


def ours(what: ResolvedRequest, follows: Control | None, paths: Mapping[str, Path]) -> tuple[Tensor, Tensor]:
    """(final latents, the noise of the picture)."""
    place = make_placement("cpu", "float32", "float32")
    loaded: Any = load_family(what.model.card.family, what.model.path, place)
    loaded.load_add_ons([held(name, path) for name, path in paths.items()])
    family: Any = Watched(loaded)
    (frame,) = plan(what.recipe, [0])
    frame = replace(frame, control=follows)
    for _ in render(what.recipe, [frame], family, TextEncodingCache(family)):
        pass
    (latents,) = family.latents
    return latents, seed_noise(frame.noise, latents.shape[1:])


def stock(kind: Any, folder: Path, network: Any, **given: Any) -> Tensor:
    plain = {} if "XL" in kind.__name__ else {"safety_checker": None}
    pipeline = kind.from_pretrained(folder, controlnet=network, local_files_only=True, **plain)
    spacing = {"timestep_spacing": "leading"}
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config, **spacing)
    pipeline.set_progress_bar_config(disable=True)
    asked = {"negative_prompt": NEGATIVE, "num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
    with torch.inference_mode():
        return pipeline(PROMPT, output_type="latent", return_dict=False, **asked, **given)[0]


def loaded(folder: Path) -> ControlNetModel:
    return ControlNetModel.from_pretrained(folder, local_files_only=True)


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.25, 0.7)])
def test_words_and_a_control_image(tiny: Path, controlnet: Path, hint: Path, start: float, end: float) -> None:
    what = settled(tiny, PROMPT, width=SIZE[0], height=SIZE[1], **COMMON)
    follows = control(hint, start=start, end=end)
    latents, noise = ours(what, follows, {"c": controlnet})
    given: dict[str, Any] = {
        "image": Image.open(hint),
        "latents": noise[None].clone(),
        "controlnet_conditioning_scale": 0.8,
        "control_guidance_start": start,
        "control_guidance_end": end,
    }
    theirs = stock(StableDiffusionControlNetPipeline, tiny, loaded(controlnet), **given)
    assert apart(latents, theirs) <= TOLERANCE
    for changed in ({"controlnet_conditioning_scale": 0.7}, {"control_guidance_end": end - 0.2}):
        other = stock(StableDiffusionControlNetPipeline, tiny, loaded(controlnet), **given | changed)
        assert apart(latents, other) > 3 * TOLERANCE  # or it would not notice a thing
    without, _ = ours(what, None, {})
    assert apart(latents, without) > 3 * TOLERANCE
    nothing, _ = ours(what, replace(follows, scale=0.0), {"c": controlnet})
    assert torch.equal(nothing, without)


def test_a_picture_and_a_control_image(
    tiny: Path, controlnet: Path, hint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = photo(tmp_path / "photo.png", SIZE)
    what = settled_on(tiny, Img2Img, prompt=PROMPT, image=image, strength=0.6, **COMMON)
    latents, noise = ours(what, control(hint, start=0.2), {"c": controlnet})
    monkeypatch.setattr(stock_img2img, "randn_tensor", lambda shape, **_: noise[None].expand(shape).clone())
    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())
    theirs = stock(
        StableDiffusionControlNetImg2ImgPipeline,
        tiny,
        loaded(controlnet),
        image=Image.open(image),
        control_image=Image.open(hint),
        strength=0.6,
        controlnet_conditioning_scale=0.8,
        control_guidance_start=0.2,
    )
    assert apart(latents, theirs) <= TOLERANCE


def test_sdxl(tmp_path: Path, hint: Path) -> None:
    folder = build_kind(tmp_path / "sdxl", "sdxl")
    network = build_controlnet(tmp_path / "xl-control", folder)
    what = settled(folder, PROMPT, width=SIZE[0], height=SIZE[1], **COMMON)
    latents, noise = ours(what, control(hint), {"c": network})
    theirs = stock(
        StableDiffusionXLControlNetPipeline,
        folder,
        loaded(network),
        image=Image.open(hint),
        latents=noise[None].clone(),
        controlnet_conditioning_scale=0.8,
        width=SIZE[0],
        height=SIZE[1],
    )
    assert apart(latents, theirs) <= TOLERANCE
    assert apart(latents, ours(what, None, {})[0]) > 3 * TOLERANCE
