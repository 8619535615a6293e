"""The passes of a sample: one, or two for hires fix, which upscales the picture, adds noise and denoises again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sdplay.core.fields import Upscaling
from sdplay.core.sample import Sample, SecondPass
from sdplay.families.base import Family
from sdplay.images.read import Pixels
from sdplay.pipeline.crop_plan import CropPlan, crop
from sdplay.pipeline.latents import InitLatents, LatentPreparer, no_init_pixels, to_pixels, to_tensor
from sdplay.requests.recipe import Recipe
from sdplay.sampling.process import Process
from sdplay.sampling.sigmas import Sigmas, make_sigmas

# How latents are upscaled: torch's mode, and whether it antialiases. These are the six of A1111.
LATENT_MODES: dict[Upscaling, tuple[str, bool]] = {
    "latent": ("bilinear", False),
    "latent-antialiased": ("bilinear", True),
    "latent-bicubic": ("bicubic", False),
    "latent-bicubic-antialiased": ("bicubic", True),
    "latent-nearest": ("nearest", False),
    "latent-nearest-exact": ("nearest-exact", False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One run of the sampler through `sigmas`, with latents of `shape` [C, ...].

    `steps` are those of the whole schedule, of which `sigmas` may be the end; `steps_before` are done in earlier
    passes; `second` says how to upscale the latents of the pass before.
    """

    shape: tuple[int, ...]
    sigmas: Sigmas
    steps: int
    steps_before: int = 0
    second: SecondPass | None = None

    @property
    def steps_after(self) -> int:
        """The steps that are done after this pass."""
        return self.steps_before + self.sigmas.steps


def plan_passes(recipe: Recipe, sample: Sample, strength: float, family: Family) -> list[Pass]:
    """The passes of `sample` and all others of its batch; `strength` is that of the first pass."""
    steps, second = sample.steps if sample.steps is not None else recipe.steps, sample.second
    sigmas = make_sigmas(family.process, recipe.schedule, steps).for_strength(strength)
    first = Pass(shape=latent_shape(family, recipe.width, recipe.height), sigmas=sigmas, steps=steps)
    if second is None:
        return [first]
    shape = latent_shape(family, second.width, second.height)
    sigmas = second_pass_sigmas(family.process, recipe.schedule, second)
    return [first, Pass(shape=shape, sigmas=sigmas, steps=second.steps, steps_before=first.steps_after, second=second)]


def latent_shape(family: Family, width: int, height: int) -> tuple[int, ...]:
    """[C, h, w] of one picture's latents; a side that the VAE cannot take is rounded up, and cropped at the end."""
    return family.latent_channels, -(-height // family.vae_scale_factor), -(-width // family.vae_scale_factor)


def second_pass_sigmas(process: Process, schedule: str, second: SecondPass) -> Sigmas:
    """The last `second.steps` of a schedule so long that they are the share `second.strength` of it.

    So the number of steps is the requested one, whatever the strength, as in A1111. If that schedule would have more
    levels than the process, it has those, and there are fewer steps.
    """
    if second.strength == 0:
        return make_sigmas(process, schedule, second.steps).last(0)
    length = int(second.steps / second.strength)
    if length <= process.schedule.length:
        return make_sigmas(process, schedule, length).last(second.steps)
    return make_sigmas(process, schedule, process.schedule.length).for_strength(second.strength)


def second_pass_latents(
    recipe: Recipe, batch: Sequence[Sample], latents: Tensor, one: Pass, family: Family
) -> list[InitLatents]:
    """What the samples of `batch` start from in their second pass `one`: `latents` [B, C, h, w] of the first, upscaled.

    They are upscaled as latents, or decoded, upscaled as pictures and encoded again.
    """
    second = one.second
    assert second is not None
    prepare = LatentPreparer(replace(recipe, width=second.width, height=second.height), family, no_init_pixels)
    if second.upscaling in LATENT_MODES:
        mode, antialias = LATENT_MODES[second.upscaling]
        known = interpolate(latents, one.shape[1:], mode=mode, antialias=antialias)
    else:
        pictures = (crop(each, (recipe.width, recipe.height)) for each in to_pixels(family.decode(latents)))
        known = torch.cat([upscaled_latents(each, second, family) for each in pictures])
    rows = zip(batch, known, strict=True)
    return [replace(prepare(sample), image_latents=row, strength=second.strength) for sample, row in rows]


def upscaled_latents(picture: Pixels, second: SecondPass, family: Family) -> Tensor:
    """`picture` at its larger size, resampled with Lanczos' kernel, in latents [1, C, h, w]."""
    from sdplay.images.filters import resize_lanczos

    size = second.width, second.height
    plan = CropPlan(resize_lanczos(picture, *size), (0, 0, *size), size)
    return family.encode(to_tensor(plan.picture(family.vae_scale_factor)))
