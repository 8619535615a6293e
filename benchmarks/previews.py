"""Previews: what a small decoder and the linear map cost beside the model's own decoder, and how near they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from benchmarks.contestants import Ours, Work
from benchmarks.measure import alternate, psnr
from benchmarks.report import Section
from benchmarks.rows import Row, paired
from sdplay.library.library import Library
from sdplay.library.preview_decoders import preview_decoder
from sdplay.library.resolve import resolve
from sdplay.pipeline.latents import to_pixels
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.preview import LinearPreview, fit_preview, make_preview
from sdplay.pipeline.render import Preview, render
from sdplay.requests.recipe import plan

THINGS = ("a red apple", "a cat", "a castle", "a guitar", "a penguin", "a rocket", "a sunflower", "a house")
EARLY = 0.3  # of the steps


def estimates(ours: Ours) -> tuple[Tensor, Tensor]:
    """The estimates of x0 [B, C, h, w] after `EARLY` of the steps and after the last, of a prompt for each thing."""
    early: list[Tensor] = []
    late: list[Tensor] = []
    for thing in THINGS:
        seen: list[Tensor] = []

        def watch(x0: Tensor, seen: list[Tensor] = seen) -> tuple[()]:
            seen.append(x0.clone())
            return ()

        request = ours.recipe.request.model_copy(update={"prompt": f"{thing}, 3d render"})
        recipe = replace(ours.recipe, request=request)
        for _ in render(recipe, plan(recipe, [0]), ours.family, TextEncodingCache(ours.family), preview=watch):
            pass
        early.append(seen[round(EARLY * len(seen))])
        late.append(seen[-1])
    return torch.cat(early), torch.cat(late)


def decoded(ours: Ours, latents: Tensor, side: int) -> NDArray[np.uint8]:
    """What the model's own decoder draws, made as small as a preview."""
    return to_pixels(adaptive_avg_pool2d(ours.family.decode(latents).clamp(-1, 1), side))


def nearness(preview: Preview, ours: Ours, latents: Tensor) -> float:
    """PSNR in dB, both at half the size of the picture."""
    side = ours.recipe.width // 2
    shown = [
        np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in preview(latents)
    ]
    return mean(map(psnr, shown, decoded(ours, latents, side)))


def preview_row(name: str, preview: Preview, ours: Ours, rounds: int) -> Row:
    early, late = estimates(ours)
    side = preview(late[:1])[0].shape[0]
    near, soft = (nearness(preview, ours, latents) for latents in (late, early))
    contestants: list[Callable[[], object]] = [partial(preview, late[:1]), partial(ours.family.decode, late[:1])]
    timing, peer = alternate(contestants, rounds)
    loss = f"{near:.1f} dB after the last step, {soft:.1f} dB after {EARLY:.0%} of them"
    return paired(f"preview-{name}", f"a preview by the {name}, {side}×{side}", timing, peer, loss=loss, aim=None)


def previews_section(work: Work, rounds: int) -> Section:
    """The small decoder of the model, where it has one, and the linear map."""
    ours = Ours(work)
    rows = [preview_row("linear map", LinearPreview(fit_preview(ours.family)), ours, rounds)]
    file = preview_decoder(resolve(work.model), Library(home=ours.folder))
    if file is not None:
        made = make_preview(ours.family, file)
        rows.append(preview_row(f"small decoder ({file.stat().st_size / 1000:.0f} kB)", made, ours, rounds))
    return Section(
        title="Previews",
        about="One preview beside the model's own decoder. The loss is to that one, both at half the size of the "
        f"picture, over {len(THINGS)} prompts. The small decoder was trained by `python -m training.previews` to draw "
        "what the model's own one draws.",
        rows=tuple(rows),
    )
