"""What a frame starts from: nothing, or somebody's picture brought into the model's latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from sdplay.core.sample import FromFilm, FromImage, FromNoise, Init, Sample
from sdplay.families.base import Family
from sdplay.images.mask import Mask
from sdplay.images.read import Pixels
from sdplay.pipeline.crop_plan import CropPlan, crop, plan_crop
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import Fill
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.masked import MaskedDenoiser
from sdplay.sampling.noise import NoiseSampler
from sdplay.sampling.sigmas import Sigmas

InitPixels = Callable[[Sample], Pixels]


def no_init_pixels(frame: Sample) -> Pixels:
    """For recipes whose frames start from nothing that is drawn or decoded along the way."""
    raise LookupError(f"frame {frame.index} starts from a film, and none was handed in")


@dataclass(frozen=True, slots=True, eq=False)
class InitLatents:
    """A frame's beginning and end. Latents are [C, h, w]; None of a field: the frame has no such thing.

    `known` are the latents of the given picture, `mask` [1, h, w] is 1 where to repaint, `fill` says what the repainted
    part starts from. `seen` are the extra channels of a model made for inpainting: the mask, then the latents of the
    picture with the masked part grayed out. `finish` turns drawn pixels into the picture that is handed over.
    """

    to_picture: Callable[[Pixels], Pixels]
    strength: float = 1.0
    known: Tensor | None = None
    mask: Tensor | None = None
    fill: Fill = "original"
    inpaint_channels: Tensor | None = None

    @property
    def masked(self) -> bool:
        """Whether the rest is put back at every step; a model that sees the mask has learned to leave it alone."""
        return self.mask is not None and self.inpaint_channels is None


class LatentPreparer:
    """Prepares starts for one recipe and family; the last one is remembered, since most batches share it."""

    def __init__(self, recipe: Recipe, family: Family, film: InitPixels) -> None:
        self.recipe, self.family, self.film = recipe, family, film
        self._last: tuple[Init, InitLatents] | None = None

    def __call__(self, frame: Sample) -> InitLatents:
        init = frame.init
        if isinstance(init, FromFilm):
            pixels = self.film(frame)
            canvas = CropPlan(pixels, (0, 0, pixels.shape[1], pixels.shape[0]), (self.recipe.width, self.recipe.height))
            return self._from_canvas(canvas, init.strength, "original")
        if self._last is None or self._last[0] != init:
            self._last = (init, self._prepare(init))
        return self._last[1]

    def _prepare(self, init: FromNoise | FromImage) -> InitLatents:
        size, factor = (self.recipe.width, self.recipe.height), self.family.vae_scale_factor
        if isinstance(init, FromNoise):
            width, height = (-(-side // factor) * factor for side in size)
            return InitLatents(
                to_picture=partial(crop, size=size), inpaint_channels=self._seen(torch.zeros(1, 3, height, width), None)
            )
        return self._from_canvas(
            plan_crop(init, size), init.strength, "original" if init.repaint is None else init.repaint.fill
        )

    def _from_canvas(self, canvas: CropPlan, strength: float, fill: Fill) -> InitLatents:
        factor = self.family.vae_scale_factor
        pixels, mask = to_tensor(canvas.picture(factor)), canvas.mask(factor)
        return InitLatents(
            to_picture=canvas.paste_back,
            strength=strength,
            known=self.family.encode(pixels)[0],
            mask=None if mask is None else latent_mask(mask, factor),
            fill=fill,
            inpaint_channels=self._seen(pixels, mask),
        )

    def _seen(self, pixels: Tensor, mask: Mask | None) -> Tensor | None:
        """The extra channels of a model made for inpainting; without a mask it is told to paint everything."""
        if not self.family.is_inpaint:
            return None
        if mask is None:
            gray = self.family.encode(torch.zeros_like(pixels))[0]
            return torch.cat([torch.ones_like(gray[:1]), gray])
        stays = torch.as_tensor(mask < 128)
        return torch.cat([latent_mask(mask, self.family.vae_scale_factor), self.family.encode(pixels * stays)[0]])


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 [H, W, 3] as the codec reads it: [1, 3, H, W] in −1..1."""
    return torch.as_tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def latent_mask(mask: Mask, factor: int) -> Tensor:
    """1 for every latent whose block of pixels is at least half white anywhere, else 0; float32 [1, h, w]."""
    height, width = mask.shape
    blocks = mask.reshape(height // factor, factor, width // factor, factor).max(axis=(1, 3))
    return torch.as_tensor(blocks >= 128).float()[None]


def noisy_latents(starts: Sequence[InitLatents], noise: NoiseSampler, levels: Sigmas, fill_draw: int) -> Tensor:
    """x at the top of `levels`: noise alone, or known + sigma·noise where a picture is started from.

    `noise(None)` is each picture's starting noise and `noise(fill_draw)` another draw of it, for `fill="noise"`.
    """
    first = noise(None)
    filling = noise(fill_draw) if starts[0].fill == "noise" else torch.zeros_like(first)
    rows = zip(starts, first, filling, strict=True)
    return torch.stack([noisy(start, unit, inside, levels) for start, unit, inside in rows])


def noisy(start: InitLatents, unit: Tensor, inside: Tensor, levels: Sigmas) -> Tensor:
    """One row of `begin`: at strength 1 nothing of the picture is left but what the mask holds."""
    alone = unit * levels.init_noise_sigma
    if start.known is None or (start.strength == 1 and not start.masked):
        return alone
    known = start.known
    if start.mask is not None and start.fill != "original":
        known = torch.where(start.mask > 0, inside, known)
    x = known + unit * levels.sigmas[0]
    return torch.where(start.mask > 0, alone, x) if start.mask is not None and start.strength == 1 else x


def with_mask(denoiser: Denoiser, starts: Sequence[InitLatents]) -> Denoiser:
    """`denoiser` that keeps what lies outside the masks, where there are masks that it does not see itself."""
    if not starts[0].masked:
        return denoiser
    masks = torch.stack([start.mask for start in starts if start.mask is not None])
    return MaskedDenoiser(denoiser, masks, torch.stack([start.known for start in starts if start.known is not None]))


def stack_inpaint_channels(starts: Sequence[InitLatents]) -> Tensor | None:
    """The extra channels of a tile [B, 1 + C, h, w], None for ordinary models."""
    seen = [start.inpaint_channels for start in starts if start.inpaint_channels is not None]
    return torch.stack(seen) if seen else None
