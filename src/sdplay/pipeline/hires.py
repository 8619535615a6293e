"""The second pass of a picture: what was drawn is enlarged, some noise is laid over it, and it is drawn once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from sdplay.core.fields import Upscaling
from sdplay.core.sample import Sample, SecondPass
from sdplay.families.base import Family
from sdplay.images.resize import stretched
from sdplay.pipeline.crop_plan import CropPlan, crop
from sdplay.pipeline.latents import InitLatents, LatentPreparer, no_init_pixels, to_tensor
from sdplay.requests.recipe import Recipe
from sdplay.sampling.sigmas import NoiseSchedule, Sigmas, make_sigmas

# How latents are enlarged: torch's mode, and whether they are smoothed where several become one. A1111 has these six.
LATENT_MODES: dict[Upscaling, tuple[str, bool]] = {
    "latent": ("bilinear", False),
    "latent-antialiased": ("bilinear", True),
    "latent-bicubic": ("bicubic", False),
    "latent-bicubic-antialiased": ("bicubic", True),
    "latent-nearest": ("nearest", False),
    "latent-nearest-exact": ("nearest-exact", False),
}
ToPixels = Callable[[Tensor], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One way down the levels of noise, with latents of `shape` [C, h, w].

    `steps` are those of the whole ladder of which `levels` may be the end, `gone` those done before this pass;
    `second` says what to make of what the pass before has drawn.
    """

    shape: tuple[int, int, int]
    sigmas: Sigmas
    steps: int
    steps_before: int = 0
    second: SecondPass | None = None

    @property
    def steps_after(self) -> int:
        """How many steps are done after this pass."""
        return self.steps_before + self.sigmas.steps


def plan_passes(recipe: Recipe, frame: Sample, strength: float, family: Family) -> list[Pass]:
    """The passes in which `frame`, and all that share its tile, are drawn; `strength` is that of the first one."""
    steps, second = frame.steps if frame.steps is not None else recipe.steps, frame.second
    levels = make_sigmas(family.noise_schedule, recipe.schedule, steps).for_strength(strength)
    first = Pass(shape=latent_shape(family, recipe.width, recipe.height), sigmas=levels, steps=steps)
    if second is None:
        return [first]
    shape = latent_shape(family, second.width, second.height)
    levels = second_pass_sigmas(family.noise_schedule, recipe.schedule, second)
    return [first, Pass(shape=shape, sigmas=levels, steps=second.steps, steps_before=first.steps_after, second=second)]


def latent_shape(family: Family, width: int, height: int) -> tuple[int, int, int]:
    """[C, h, w] of one picture's latents; a side that the codec cannot take is rounded up, and cut back at the end."""
    return family.latent_channels, -(-height // family.vae_scale_factor), -(-width // family.vae_scale_factor)


def second_pass_sigmas(table: NoiseSchedule, schedule: str, second: SecondPass) -> Sigmas:
    """The levels of the second pass: the last `steps` of a ladder so long that they are the share `strength` of it.

    So as many steps are done as were asked for, whatever the strength, which is how A1111 counts. Where that ladder
    would have more levels than `table`, it has those, and fewer steps are done.
    """
    if second.strength == 0:
        return make_sigmas(table, schedule, second.steps).last(0)
    length = int(second.steps / second.strength)
    if length <= table.length:
        return make_sigmas(table, schedule, length).last(second.steps)
    return make_sigmas(table, schedule, table.length).for_strength(second.strength)


def second_pass_latents(
    recipe: Recipe, tile: Sequence[Sample], latents: Tensor, one: Pass, family: Family, to_pixels: ToPixels
) -> list[InitLatents]:
    """What the frames of `tile` start from in their second pass `one`: what was drawn, `latents` [B, C, h, w], larger.

    `to_pixels` makes pictures, uint8 [B, H, W, 3], of what the codec says, for what is enlarged as a picture.
    """
    second = one.second
    assert second is not None
    starts = LatentPreparer(replace(recipe, width=second.width, height=second.height), family, no_init_pixels)
    if second.upscaling in LATENT_MODES:
        mode, antialias = LATENT_MODES[second.upscaling]
        known = interpolate(latents, one.shape[1:], mode=mode, antialias=antialias)
    else:
        drawn = (crop(each, (recipe.width, recipe.height)) for each in to_pixels(family.decode(latents)))
        known = torch.cat([upscaled_latents(each, second, family) for each in drawn])
    return [replace(starts(frame), known=row, strength=second.strength) for frame, row in zip(tile, known, strict=True)]


def upscaled_latents(drawn: NDArray[np.uint8], second: SecondPass, family: Family) -> Tensor:
    """The picture `drawn` at its larger size, resampled with Lanczos' kernel, in latents [1, C, h, w]."""
    size = second.width, second.height
    pixels = stretched(drawn, *size)
    return family.encode(to_tensor(CropPlan(pixels, (0, 0, *size), size).picture(family.vae_scale_factor)))
