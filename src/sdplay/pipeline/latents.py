"""The latents that a sample starts from, and the way from pixels to latents and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import NumbersFailed
from sdplay.core.fields import Fill
from sdplay.core.sample import FromFilm, FromImage, FromNoise, Init, Sample
from sdplay.families.base import Family
from sdplay.images.mask import Mask
from sdplay.images.read import Pixels
from sdplay.pipeline.crop_plan import CropPlan, crop, plan_crop
from sdplay.requests.recipe import Recipe
from sdplay.sampling.denoiser import Denoiser, MaskedDenoiser
from sdplay.sampling.noise import NoiseSampler
from sdplay.sampling.process import Process
from sdplay.sampling.sigmas import Sigmas

# The pixels that a frame of a film starts from, uint8 [height, width, 3].
InitPixels = Callable[[Sample], Pixels]
DARKEST = -1 + 1 / 255  # up to here everything is rounded to black


def no_init_pixels(sample: Sample) -> Pixels:
    """For recipes whose samples do not start from a film."""
    raise LookupError(f"frame {sample.index} starts from a film, and no pixels were given")


@dataclass(frozen=True, slots=True, eq=False)
class InitLatents:
    """What one sample starts from. Latents are [C, h, w]; a field is None if the sample has no such thing.

    `image_latents` are the latents of the given picture, `mask` [1, h, w] is 1 where to repaint, `fill` says what
    the repainted part starts from. `inpaint_channels` are the extra channels of an inpainting model: the mask, then the
    latents of the picture with the masked part grayed out. `to_picture` makes the finished picture of decoded pixels.
    """

    to_picture: Callable[[Pixels], Pixels]
    strength: float = 1.0
    image_latents: Tensor | None = None
    mask: Tensor | None = None
    fill: Fill = "original"
    inpaint_channels: Tensor | None = None

    @property
    def masked(self) -> bool:
        """Whether the rest is put back at every step; an inpainting model has learned to leave it alone."""
        return self.mask is not None and self.inpaint_channels is None


class LatentPreparer:
    """Prepares the init latents of one recipe and family, and remembers the last, since most batches share it."""

    def __init__(self, recipe: Recipe, family: Family, init_pixels: InitPixels) -> None:
        self.recipe, self.family, self.init_pixels = recipe, family, init_pixels
        self._last: tuple[Init, InitLatents] | None = None

    def __call__(self, sample: Sample) -> InitLatents:
        init = sample.init
        if isinstance(init, FromFilm):
            pixels = self.init_pixels(sample)
            size = self.recipe.width, self.recipe.height
            plan = CropPlan(pixels, (0, 0, pixels.shape[1], pixels.shape[0]), size)
            return self._from_crop_plan(plan, init.strength, "original")
        if self._last is None or self._last[0] != init:
            self._last = (init, self._prepare(init))
        return self._last[1]

    def _prepare(self, init: FromNoise | FromImage) -> InitLatents:
        size, factor = (self.recipe.width, self.recipe.height), self.family.vae_scale_factor
        if isinstance(init, FromNoise):
            width, height = (-(-side // factor) * factor for side in size)
            channels = self._inpaint_channels(torch.zeros(1, 3, height, width), None)
            return InitLatents(to_picture=partial(crop, size=size), inpaint_channels=channels)
        fill = "original" if init.repaint is None else init.repaint.fill
        return self._from_crop_plan(plan_crop(init, size), init.strength, fill)

    def _from_crop_plan(self, plan: CropPlan, strength: float, fill: Fill) -> InitLatents:
        """`plan` says which part of the given picture is drawn, and how it is pasted back."""
        factor = self.family.vae_scale_factor
        pixels, mask = to_tensor(plan.picture(factor)), plan.mask(factor)
        known = self.family.encode(pixels)[0]
        return InitLatents(
            to_picture=plan.paste_back,
            strength=strength,
            image_latents=known,
            mask=None if mask is None else latent_mask(mask, factor).to(known.device),
            fill=fill,
            inpaint_channels=self._inpaint_channels(pixels, mask),
        )

    def _inpaint_channels(self, pixels: Tensor, mask: Mask | None) -> Tensor | None:
        """The extra channels of an inpainting model; without a mask they ask for all of it."""
        if not self.family.is_inpaint:
            return None
        if mask is None:
            gray = self.family.encode(torch.zeros_like(pixels))[0]
            return torch.cat([torch.ones_like(gray[:1]), gray])
        latents = self.family.encode(pixels * torch.as_tensor(mask < 128))[0]
        return torch.cat([latent_mask(mask, self.family.vae_scale_factor).to(latents.device), latents])


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 [H, W, 3] as the VAE reads it: float32 [1, 3, H, W] in −1..1."""
    return torch.as_tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pixels(decoded: Tensor) -> NDArray[np.uint8]:
    """[B, 3, H, W] in −1..1 to uint8 [B, H, W, 3], rounded; raises `NumbersFailed` instead of drawing NaN as black."""
    if not is_finite(decoded):
        raise NumbersFailed(
            "the numbers overflowed while drawing (NaN or infinity)",
            hint="draw it again with `precision=float32`, and with a lower `guidance_scale`",
        )
    scaled = (decoded.clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def latent_mask(mask: Mask, factor: int) -> Tensor:
    """1 for every latent whose block of pixels is at least half white anywhere, else 0; float32 [1, h, w]."""
    height, width = mask.shape
    blocks = mask.reshape(height // factor, factor, width // factor, factor).max(axis=(1, 3))
    return torch.as_tensor(blocks >= 128).float()[None]


def noisy_latents(
    process: Process, inits: Sequence[InitLatents], noise: NoiseSampler, sigmas: Sigmas, fill_draw: int
) -> Tensor:
    """x at the first of `sigmas`: noise alone, or a picture with noise for samples that start from one.

    `noise(None)` is each sample's starting noise and `noise(fill_draw)` another draw of it, for `fill="noise"`.
    """
    unit = noise(None)
    filling = noise(fill_draw) if inits[0].fill == "noise" else torch.zeros_like(unit)
    rows = zip(inits, unit, filling, strict=True)
    return torch.stack([noisy_row(process, init, one, inside, sigmas) for init, one, inside in rows])


def noisy_row(process: Process, init: InitLatents, unit: Tensor, filling: Tensor, sigmas: Sigmas) -> Tensor:
    """One row of `noisy_latents`: at strength 1 nothing of the picture is left but what lies outside the mask."""
    noise_alone = unit * sigmas.init_noise_sigma
    if init.image_latents is None or (init.strength == 1 and not init.masked):
        return noise_alone
    known = init.image_latents
    if init.mask is not None and init.fill in {"noise", "nothing"}:
        known = torch.where(init.mask > 0, filling, known)
    x = process.add_noise(known, unit, sigmas.levels[0])
    return torch.where(init.mask > 0, noise_alone, x) if init.mask is not None and init.strength == 1 else x


def with_mask(denoiser: Denoiser, inits: Sequence[InitLatents]) -> Denoiser:
    """`denoiser`, which keeps what lies outside the masks if the model does not do so itself."""
    if not inits[0].masked:
        return denoiser
    masks = torch.stack([init.mask for init in inits if init.mask is not None])
    return MaskedDenoiser(
        denoiser, masks, torch.stack([init.image_latents for init in inits if init.image_latents is not None])
    )


def stack_inpaint_channels(inits: Sequence[InitLatents]) -> Tensor | None:
    """The extra channels of a batch [B, 1 + C, h, w], None for ordinary models."""
    channels = [init.inpaint_channels for init in inits if init.inpaint_channels is not None]
    return torch.stack(channels) if channels else None


def decode(
    recipe: Recipe, family: Family, latents: Tensor, inits: Sequence[InitLatents]
) -> tuple[Tensor, frozenset[int]]:
    """`latents` [B, C, h, w] decoded to [B, 3, H, W], and the rows that were decoded again in float32.

    Those are the rows that came out black, NaN or infinite in less. Left as they are: rows whose latents are NaN or
    infinite already, and those of a VAE that has also encoded a picture (that of an inpainting model always has):
    their recipe could not say that it encoded in one format and decoded in another.
    """
    decoded = family.decode(latents)
    encoded = any(init.image_latents is not None or init.inpaint_channels is not None for init in inits)
    if recipe.numerics.decode_dtype == "float32" or encoded:
        return decoded, frozenset()
    redecoded = frozenset(row for row in range(len(decoded)) if is_finite(latents[row]) and is_lost(decoded[row]))
    if not redecoded:
        return decoded, redecoded
    exact = family.decode_float32(latents)
    return torch.stack([exact[row] if row in redecoded else each for row, each in enumerate(decoded)]), redecoded


def is_finite(values: Tensor) -> bool:
    return bool(torch.isfinite(values).all())


def is_lost(decoded: Tensor) -> bool:
    """Whether a picture [3, H, W] is NaN, infinite, or black all over."""
    return not is_finite(decoded) or bool(decoded.amax() <= DARKEST)


def decoded_in_float32(recipe: Recipe) -> Recipe:
    """The recipe of a picture that was decoded in float32: it draws the same bits, so it is the one recorded."""
    return replace(recipe, numerics=replace(recipe.numerics, decode_dtype="float32"))
