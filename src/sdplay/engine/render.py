"""From frames to pictures. This is the story of the whole program in one function: read `render` first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.artifact import Picture
from sdplay.core.errors import BadRequest, RenderFailed
from sdplay.core.event import Drawn, Event, Stepped
from sdplay.core.frame import Frame
from sdplay.core.recipe import Recipe
from sdplay.diffusion.denoiser import Denoiser
from sdplay.diffusion.guidance import GuidedDenoiser
from sdplay.diffusion.noise import tile_noise
from sdplay.diffusion.samplers import SAMPLERS, Step
from sdplay.diffusion.schedule import ladder
from sdplay.engine.batch import tiles
from sdplay.engine.memo import WordMemo
from sdplay.families.base import Conditioning, Family

Encode = Callable[[str], Conditioning]


def render(recipe: Recipe, frames: Iterable[Frame], family: Family, words: WordMemo) -> Iterator[Event]:
    """Draw `frames` tile by tile, yielding `Stepped` after every step and `Drawn` for every picture.

    Whoever iterates may stop at any event: nothing is left running. Raises `BadRequest` for a size the model cannot
    take and `RenderFailed` when the numbers are no picture (NaN or infinite).
    """
    shape = latent_shape(recipe, family)
    if recipe.numerics.threads:
        torch.set_num_threads(recipe.numerics.threads)
    for tile, real in tiles(frames, recipe.numerics.tile):
        started = time.perf_counter()
        # 1. words become what the network reads, each text encoded once
        denoiser = guided(recipe, tile, family, words)
        # 2. noise, from each frame's own seed
        noises = [frame.noise for frame in tile]
        levels = ladder(family.table, recipe.schedule, recipe.steps)
        x = tile_noise(noises, shape) * levels.start_scale
        # 3. denoise, step by step
        indices = tuple(frame.index for frame in tile[:real])
        for step in denoised(recipe, denoiser, x, levels.sigmas, lambda k: tile_noise(noises, shape, k)):
            x = step.x
            yield Stepped(frames=indices, step=step.index + 1, steps=step.total)
        # 4. latents become pixels
        pictures = pixels(family.decode(x * levels.end_scale))
        seconds = (time.perf_counter() - started) / real
        for frame, picture in zip(tile[:real], pictures, strict=False):
            yield Drawn(picture=Picture(pixels=picture, recipe=recipe, index=frame.index, seconds=seconds))


def latent_shape(recipe: Recipe, family: Family) -> tuple[int, int, int]:
    """[C, h, w] of one picture's latents."""
    for field, side in (("width", recipe.width), ("height", recipe.height)):
        if side % family.factor:
            raise BadRequest(
                f"this model draws sides that are multiples of {family.factor}", field=field, value=side
            )
    return family.latent_channels, recipe.height // family.factor, recipe.width // family.factor


def guided(recipe: Recipe, tile: Sequence[Frame], family: Family, encode: Encode) -> Denoiser:
    """The denoiser of a tile: one batched call for both halves, or the towards half alone where guidance is 1."""
    towards = [encode(frame.words.prompt) for frame in tile]
    if recipe.guidance_scale == 1:
        return family.denoiser(towards)
    away = [encode(frame.words.negative_prompt) for frame in tile]
    return GuidedDenoiser(family.denoiser(away + towards), recipe.guidance_scale)


def denoised(
    recipe: Recipe, denoiser: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[int], Tensor]
) -> Iterator[Step]:
    """The recipe's sampler, under inference mode for the length of each step only (a generator may be left waiting)."""
    steps = SAMPLERS[recipe.sampler](denoiser, x, sigmas, noise)
    while True:
        with torch.inference_mode():
            step = next(steps, None)
        if step is None:
            return
        yield step


def pixels(decoded: Tensor) -> NDArray[np.uint8]:
    """[B, 3, H, W] in −1..1 to uint8 [B, H, W, 3], rounded; raises `RenderFailed` instead of drawing NaN as black."""
    if not bool(torch.isfinite(decoded).all()):
        raise RenderFailed(
            "the numbers overflowed while drawing (NaN or infinity)",
            hint="draw it again with --precision float32, and with a lower --guidance",
        )
    scaled = (decoded.clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
