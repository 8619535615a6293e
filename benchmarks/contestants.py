"""The two sides of every pair: this package, and the stock diffusers pipeline in float32 on the same folder."""

# pyright: reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sdplay.core.sample import Noise
from sdplay.events import ImageDone
from sdplay.families.base import TextEncoding
from sdplay.families.sd.model import StableDiffusion
from sdplay.pipeline.hires import latent_shape
from sdplay.pipeline.model_cache import ModelCache, TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.base import make_request
from sdplay.requests.modes import request_type
from sdplay.requests.recipe import Recipe, plan
from sdplay.sampling.denoiser import NetworkDenoiser
from sdplay.sampling.noise import batch_noise
from sdplay.studio import Studio

PROMPT = "a red apple, 3d render"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What both sides do: `model` as one types it after --model, None for a field left to the model's card.

    `given` are the fields of the mode's request that txt2img lacks: image, mask, strength.
    """

    model: str
    threads: int
    mode: str = "txt2img"
    given: Mapping[str, Any] = field(default_factory=dict)
    side: int | None = None
    steps: int | None = None
    schedule: str | None = None
    quality: str = "exact"
    device: str = "cpu"


class Ours:
    """Our engine on `work`, loaded; `numerics` overrides what the recipe would settle on."""

    def __init__(self, work: Work, **numerics: Any) -> None:
        request = make_request(
            request_type(work.mode),
            prompt=PROMPT,
            model=work.model,
            device=work.device,
            width=work.side,
            height=work.side,
            steps=work.steps,
            sampler="euler",
            schedule=work.schedule,
            quality=work.quality,
            seed=0,
            **work.given,
        )
        settled = Studio().resolve(request)
        self.work = work
        chosen = replace(settled.recipe.numerics, threads=work.threads, **numerics)
        self.folder: Path = settled.model.path
        self.recipe: Recipe = replace(settled.recipe, numerics=chosen)
        torch.set_num_threads(work.threads)
        family = ModelCache().get(settled.model, chosen, settled.device).family
        assert isinstance(family, StableDiffusion)
        self.family = family

    def in_quality(self, quality: str) -> Ours:
        """The same model, loaded once, that draws in another quality."""
        other = copy(self)
        other.recipe = replace(self.recipe, request=self.recipe.request.model_copy(update={"quality": quality}))
        return other

    def start(self, pictures: int = 1) -> Tensor:
        """Unit noise of the first `pictures` seeds."""
        shape = latent_shape(self.family, self.recipe.width, self.recipe.height)
        return batch_noise([Noise(seed=seed) for seed in range(pictures)], shape)

    def words(self) -> tuple[TextEncoding, TextEncoding]:
        return self.family.encode_text(""), self.family.encode_text(PROMPT)

    def step(self, x: Tensor, timestep: float) -> Callable[[], Tensor]:
        """One call of the denoising network for a picture and its guidance pair."""
        denoiser = self.family.denoiser(self.words())
        assert isinstance(denoiser, NetworkDenoiser)
        network = denoiser.network
        timesteps, both = torch.full((2,), timestep).to(self.work.device), torch.cat([x, x]).to(self.work.device)

        @torch.inference_mode()
        def call() -> Tensor:
            return network(both, timesteps)

        return call

    def pictures(self, count: int = 1) -> NDArray[np.uint8]:
        """Draw `count` pictures from words to pixels; the texts are encoded anew each time."""
        events = render(self.recipe, plan(self.recipe, range(count)), self.family, TextEncodingCache(self.family))
        return np.stack([event.picture.pixels for event in events if isinstance(event, ImageDone)])


SUFFIX = {"txt2img": "", "img2img": "Img2Img", "inpaint": "Inpaint"}


class Stock:
    """The stock pipeline of the mode, with the scheduler, the spacing, the pictures and the start that `ours` has; in
    `dtype`, on its device.
    """

    def __init__(self, ours: Ours, dtype: torch.dtype = torch.float32) -> None:
        import diffusers

        self.ours, self.dtype = ours, dtype
        loading: dict[str, Any] = {"dtype": dtype, "safety_checker": None}
        read = diffusers.StableDiffusionPipeline.from_pretrained(ours.folder, **loading)
        kind = getattr(diffusers, f"StableDiffusion{SUFFIX[ours.work.mode]}Pipeline")
        self.pipe: Any = kind(**read.components, requires_safety_checker=False).to(ours.work.device)
        self.pipe.set_progress_bar_config(disable=True)
        self.pipe.scheduler = diffusers.EulerDiscreteScheduler.from_config(
            self.pipe.scheduler.config, timestep_spacing=ours.recipe.schedule
        )

    def step(self, x: Tensor, timestep: float) -> Callable[[], Tensor]:
        """The same call on the stock network."""
        with torch.inference_mode():
            device = self.ours.work.device
            towards, away = self.pipe.encode_prompt(PROMPT, device, 1, True, negative_prompt="")
        text, both = torch.cat([away, towards]), torch.cat([x, x]).to(device, self.dtype)

        @torch.inference_mode()
        def call() -> Tensor:
            return self.pipe.unet(both, timestep, encoder_hidden_states=text, return_dict=False)[0]

        return call

    def picture(self) -> NDArray[np.uint8]:
        """Draw the picture of seed 0."""
        recipe = self.ours.recipe
        with same_start(type(self.pipe).__module__, self.start()):
            drawn = self.pipe(
                PROMPT,
                num_inference_steps=recipe.steps,
                guidance_scale=recipe.guidance_scale,
                output_type="np",
                **self.given(),
            )
        return (drawn.images[0] * 255).round().astype(np.uint8)

    def start(self) -> Tensor:
        return self.ours.start().to(self.ours.work.device, self.dtype)

    def given(self) -> dict[str, Any]:
        """What the pipeline of this mode takes besides words and numbers."""
        recipe, given = self.ours.recipe, self.ours.work.given
        size = {"width": recipe.width, "height": recipe.height}
        if not given:
            return size | {"latents": self.start()}
        image = {"image": Image.open(given["image"]), "strength": given["strength"]}
        return image | size | {"mask_image": Image.open(given["mask"])} if "mask" in given else image


@contextmanager
def same_start(module: str, noise: Tensor) -> Iterator[None]:
    """Let the pipeline of `module` start from `noise` and from the codec's mean, where it draws one and samples the
    other: neither can be asked of it. The work is the same.
    """
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution as Codec

    def drawn(shape: tuple[int, ...], **_: Any) -> Tensor:
        return noise.expand(shape).clone()

    with (
        patch.object(import_module(module), "randn_tensor", drawn),
        patch.object(Codec, "sample", lambda self, generator=None: self.mode()),
    ):
        yield
