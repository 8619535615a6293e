"""From frames to pictures. This is the story of the whole program in one function: read `render` first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import MemoryFailed, NumbersFailed
from sdplay.core.sample import Sample
from sdplay.events import Event, ImageDone, Retried, Stepped
from sdplay.families.base import Family
from sdplay.images.picture import Picture
from sdplay.pipeline.batch import batches, sigmas_key
from sdplay.pipeline.conditioning import BatchConditioning, batch_key
from sdplay.pipeline.control import ControlCache
from sdplay.pipeline.finite import DECODED, decoded, decoded_in_float32
from sdplay.pipeline.hires import plan_passes, second_pass_latents
from sdplay.pipeline.latents import (
    InitPixels,
    LatentPreparer,
    no_init_pixels,
    noisy_latents,
    stack_inpaint_channels,
    with_mask,
)
from sdplay.pipeline.loras import embeddings_of
from sdplay.pipeline.text_cache import TextEncodingCache
from sdplay.requests.recipe import Recipe
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.noise import NoiseSampler, batch_noise
from sdplay.sampling.samplers import SAMPLERS, Step

# Latents [B, C, h, w] as B small pictures, uint8 [_, _, 3].
Preview = Callable[[Tensor], tuple[NDArray[np.uint8], ...]]


def render(
    recipe: Recipe,
    frames: Iterable[Sample],
    family: Family,
    words: TextEncodingCache,
    film: InitPixels = no_init_pixels,
    preview: Preview | None = None,
) -> Iterator[Event]:
    """Draw `frames` tile by tile, yielding `Stepped` after every step and `ImageDone` for every picture.

    `film` gives the pixels that a frame of a film starts from, of the recipe's size; `preview` makes small pictures of
    what the network takes for the clean latents at each step, and is not asked where nobody wants any.
    Whoever iterates may stop at any event: nothing is left running. Raises `BadRequest` for a size, steps or a clip
    skip that the model cannot take and `RenderFailed` when memory runs out or the numbers are no picture (NaN or
    infinite).
    """
    words = words.with_clip_skip(recipe.request.clip_skip).with_embeddings(embeddings_of(recipe))
    start_of, guidance_of = LatentPreparer(recipe, family, film), ControlCache(recipe, family)

    def alike(frame: Sample) -> object:
        with inference(recipe.numerics.threads):
            return sigmas_key(frame), batch_key(recipe, frame, words), frame.control

    for tile, real in batches(frames, recipe.numerics.tile, alike):
        started = time.perf_counter()
        indices = tuple(frame.index for frame in tile[:real])
        # 1. a given picture becomes latents, once
        with inference(recipe.numerics.threads):
            starts = [start_of(frame) for frame in tile]
            course = plan_passes(recipe, tile[0], starts[0].strength, family)
        x = torch.empty(0)
        for each in course:  # one, or two where the picture is enlarged and drawn over once more
            with inference(recipe.numerics.threads):
                if each.second is not None:
                    starts = second_pass_latents(recipe, tile, x, each, family, to_pixels)
                # 2. words become what the network reads, each text once
                told = BatchConditioning(recipe, tile, family, words, each.steps_before)
                guided = told.denoiser(
                    each.sigmas.sigmas, stack_inpaint_channels(starts), guidance_of(tile[0], each.second)
                )
                denoiser = with_mask(guided, starts)
            # 3. noise, from each frame's own seed, on top of what it starts from
            noise = partial(batch_noise, [frame.noise for frame in tile], each.shape)
            x = noisy_latents(starts, noise, each.sigmas, fill_draw=each.steps)
            # 4. denoise, step by step
            for step in denoised(recipe, denoiser, x, each.sigmas.sigmas, noise):
                x = step.x
                seen = preview(step.x0)[:real] if preview is not None else ()
                done = each.steps_before + step.index + 1
                yield Stepped(frames=indices, step=done, steps=course[-1].steps_after, previews=seen)
            x = x * each.sigmas.end_scale
        # 5. latents become pixels
        with inference(recipe.numerics.threads):
            values, again = decoded(recipe, family, x, starts)
            pictures = to_pixels(values)
        seconds = (time.perf_counter() - started) / real
        for row, frame in enumerate(tile[:real]):
            made_by = recipe
            if row in again:
                made_by = decoded_in_float32(recipe)
                yield Retried(index=frame.index, how=DECODED)
            picture = starts[row].to_picture(pictures[row])
            yield ImageDone(picture=Picture(pixels=picture, recipe=made_by, index=frame.index, seconds=seconds))


def denoised(
    recipe: Recipe, denoiser: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler
) -> Iterator[Step]:
    """The recipe's sampler, each step under the recipe's `arithmetic`."""
    steps = SAMPLERS[recipe.sampler](denoiser, x, sigmas, noise)
    while True:
        with inference(recipe.numerics.threads):
            step = next(steps, None)
        if step is None:
            return
        yield step


@contextmanager
def inference(threads: int) -> Iterator[None]:
    """Inference mode and `threads` CPU threads (0: as it is) for the length of one calculation, not longer: between two
    steps whoever draws may do other work, in this or another thread, that has its own settings.

    Raises `MemoryFailed` where memory runs out.
    """
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads or before)
        with torch.inference_mode():
            yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        reason, hint = (
            "there is not enough memory for a picture of this size",
            "take a smaller --size or another --model",
        )
        raise MemoryFailed(reason, hint=hint) from error
    finally:
        torch.set_num_threads(before)


def to_pixels(decoded: Tensor) -> NDArray[np.uint8]:
    """[B, 3, H, W] in −1..1 to uint8 [B, H, W, 3], rounded; raises `RenderFailed` instead of drawing NaN as black."""
    if not bool(torch.isfinite(decoded).all()):
        raise NumbersFailed(
            "the numbers overflowed while drawing (NaN or infinity)",
            hint="draw it again with --precision float32, and with a lower --guidance",
        )
    scaled = (decoded.clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
