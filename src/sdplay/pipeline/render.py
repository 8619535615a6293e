"""From samples to pictures: the story of the whole program in one function, `render`, in five steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import MemoryFailed
from sdplay.core.sample import LatentsAsset, PromptPair, Sample
from sdplay.events import Event, ImageDone, Retried, Stepped
from sdplay.families.base import Family
from sdplay.images.picture import Picture
from sdplay.pipeline.conditioning import (
    BatchConditioning,
    guidance_scale_of,
    make_conds,
    text_loras,
    textual_inversions_of,
    unet_loras,
)
from sdplay.pipeline.control import ControlCache
from sdplay.pipeline.hires import Pass, plan_passes, second_pass_latents
from sdplay.pipeline.latents import (
    InitPixels,
    LatentPreparer,
    decode,
    decoded_in_float32,
    no_init_pixels,
    noisy_latents,
    stack_inpaint_channels,
    to_pixels,
    with_mask,
)
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.requests.latents import starting_latents
from sdplay.requests.recipe import Recipe
from sdplay.sampling.noise import NoiseSampler, batch_noise
from sdplay.sampling.samplers import make_sampler

# Latents [B, C, h, w] as B small pictures, uint8 [_, _, 3].
Preview = Callable[[Tensor], tuple[NDArray[np.uint8], ...]]
DECODED = "decoded again in float32, since it came out black or NaN in less"


def render(
    recipe: Recipe,
    samples: Iterable[Sample],
    family: Family,
    text_cache: TextEncodingCache,
    init_pixels: InitPixels = no_init_pixels,
    preview: Preview | None = None,
    *,
    keep_latents: bool = False,
) -> Iterator[Event]:
    """Draw `samples` batch by batch, yielding `Stepped` after every step and `ImageDone` for every picture.

    `init_pixels` gives the pixels that a frame of a film starts from, in the recipe's size. `preview` makes small
    pictures of the estimated x0 at each step; with `keep_latents` a picture has the latents that it was decoded from.
    The caller may stop at any event: nothing is left running. Raises `BadRequest` for a size, steps or clip skip that
    the model cannot take, `MemoryFailed`, and `NumbersFailed` for pixels that are NaN or infinite.
    """
    inference_mode = partial(inference, recipe.numerics.threads)
    text_cache = text_cache.with_clip_skip(recipe.request.clip_skip, textual_inversions_of(recipe))
    prepare, controls = LatentPreparer(recipe, family, init_pixels), ControlCache(recipe, family)

    def key(sample: Sample) -> object:
        with inference_mode():
            return batch_key(recipe, sample, text_cache)

    for batch, unpadded in batches(samples, recipe.numerics.tile, key):
        started = time.perf_counter()
        indices = tuple(sample.index for sample in batch[:unpadded])
        noises = [sample.noise for sample in batch]
        latents = torch.empty(0)  # of the pass before; the first pass has none
        with inference_mode():
            # 1. img2img and inpaint: the given picture becomes latents, once
            inits = [prepare(sample) for sample in batch]
            passes = plan_passes(recipe, batch[0], inits[0].strength, family)
        for this_pass in passes:  # two with hires fix
            with inference_mode():
                if this_pass.second is not None:
                    inits = second_pass_latents(recipe, batch, latents, this_pass, family)
                # 2. conditioning: prompts become cond and uncond, each text is encoded once; guidance wraps the network
                conditioning = BatchConditioning(recipe, batch, family, text_cache, this_pass.steps_before)
                channels, control = stack_inpaint_channels(inits), controls(batch[0], this_pass.second)
                denoiser = with_mask(conditioning.denoiser(this_pass.sigmas.levels, channels, control), inits)
                # 3. noise from each sample's own seed, on top of what it starts from
                noise_sampler = partial(batch_noise, noises, this_pass.shape, device=family.device)
                start = given_start(recipe, this_pass, len(batch), family) or noise_sampler
                latents = noisy_latents(family.process, inits, start, this_pass.sigmas, fill_draw=this_pass.steps)
            # 4. the sampler denoises, step by step
            sampler = make_sampler(recipe.sampler, recipe.request.eta, family.process.schedule)
            sampling = sampler(denoiser, latents, this_pass.sigmas.levels, noise_sampler)
            while True:
                with inference_mode():
                    step = next(sampling, None)
                if step is None:
                    break
                latents = step.x
                previews = preview(step.x0)[:unpadded] if preview is not None else ()
                done = this_pass.steps_before + step.index + 1
                yield Stepped(indices=indices, step=done, steps=passes[-1].steps_after, previews=previews)
        # 5. latents become pixels
        with inference_mode():
            decoded, redecoded = decode(recipe, family, latents, inits)
            pictures = to_pixels(decoded)
        seconds = (time.perf_counter() - started) / unpadded
        for row, sample in enumerate(batch[:unpadded]):
            made_by = recipe
            if row in redecoded:
                made_by = decoded_in_float32(recipe)
                yield Retried(index=sample.index, how=DECODED)
            pixels = inits[row].to_picture(pictures[row])
            kept = latents[row].to("cpu", torch.float32, copy=True).numpy() if keep_latents else None
            picture = Picture(pixels=pixels, recipe=made_by, index=sample.index, seconds=seconds, latents=kept)
            yield ImageDone(picture=picture)


def given_start(recipe: Recipe, this_pass: Pass, rows: int, family: Family) -> NoiseSampler | None:
    """The latents that the first pass of every sample starts from, in place of noise; None where there are none."""
    asset = recipe.assets.get("latents")
    if this_pass.second is not None or not isinstance(asset, LatentsAsset):
        return None
    start = torch.as_tensor(starting_latents(asset, this_pass.shape)).to(family.device)
    return lambda _: start.expand(rows, *this_pass.shape)


@contextmanager
def inference(threads: int) -> Iterator[None]:
    """Inference mode and `threads` CPU threads (0: as it is) for one calculation, not longer.

    Between two steps the caller may do other work, in this or another thread, which has its own settings. Raises
    `MemoryFailed` if memory runs out.
    """
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads or before)
        with torch.inference_mode():
            yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        reason = "there is not enough memory for a picture of this size"
        raise MemoryFailed(reason, hint="take a smaller `size` or another `model`") from error
    finally:
        torch.set_num_threads(before)


def batches(
    samples: Iterable[Sample], size: int, key: Callable[[Sample], object]
) -> Iterator[tuple[Sequence[Sample], int]]:
    """Yield (batch of exactly `size` samples, how many of them are not padding); the last sample pads a short batch,
    since a network gives the same picture other last bits in a batch of another size.

    Neighbours share a batch if their `key` is the same. Samples are taken only when they are needed.
    """
    for _, group in groupby(samples, key=key):
        while samples_of_batch := list(islice(group, size)):
            padding = [samples_of_batch[-1]] * (size - len(samples_of_batch))
            yield samples_of_batch + padding, len(samples_of_batch)


def batch_key(recipe: Recipe, sample: Sample, text_cache: TextEncodingCache) -> object:
    """What samples must have in common to share a batch: sigmas, control, LoRAs, and the lengths of their texts.

    Prompts that change on the way, or are composed of several, must be the same, so that no picture's bits depend on
    the prompt of another.
    """
    return sigmas_key(sample), prompt_key(recipe, sample, text_cache), sample.control


def sigmas_key(sample: Sample) -> tuple[int | None, float | None]:
    """The steps of a sample, and the strength that it starts at: equal ones go through the same sigmas."""
    return sample.steps, getattr(sample.init, "strength", None)


def prompt_key(recipe: Recipe, sample: Sample, text_cache: TextEncodingCache) -> object:
    """The part of `batch_key` that the prompt decides."""
    loras = unet_loras(recipe, sample.prompt)
    conds = make_conds(sample.prompt, text_loras(recipe, sample.prompt))
    if conds.has_one_prompt and conds.is_static:
        read = conds.cond if guidance_scale_of(recipe, sample) == 1 else (conds.uncond, *conds.cond)
        return loras, tuple(len(cond.at(0, 1, text_cache).embeds) for cond in read)
    return loras, sample.prompt if isinstance(sample.prompt, PromptPair) else (sample.prompt.start, sample.prompt.end)
