"""Previews of a picture from its latents: by a small decoder where there is one for them, else by a linear map, which
is hundreds of times cheaper than the VAE.

To first order a latent autoencoder's latents are a small picture in other colours (keturn, "Decoding latents to RGB
without upscaling", 2022). Here the map is not a table for one VAE but is fitted to the VAE that is loaded, by least
squares on colour fields that it encodes; and each latent is read with its eight neighbours, as 2 by 2 pixels.
"""

from __future__ import annotations

import logging
import weakref
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad, pixel_shuffle, unfold

from sdplay.core.errors import ModelBroken
from sdplay.engines.weight_buffer import MappedFile
from sdplay.families.base import Family
from sdplay.networks.tiny_decoder import TinyDecoder, tiny_decoder
from sdplay.pipeline.render import Preview, inference
from sdplay.requests.recipe import Recipe

FINER = 2  # pixels of a preview for each latent, along each side
# The map is fitted on pictures of so many latents a side, with so many squares a side. Measured on eight prompts of the
# built-in model, sharp squares of many sizes do better than soft fields, and more or larger ones no better.
SIDE, SQUARES, SEED = 12, (3, 5, 7, 9, 11, 13, 2, 4), 0
LARGEST_SIDE = 256  # pixels that a small decoder draws a side; larger latents are made smaller first
SAME = 0.8  # correlation of what a decoder draws of known latents with the picture, from which on it is one for them


class LinearPreview:
    """Latents [B, C, h, w] as B pictures, uint8 [2h, 2w, 3]. `weights` is [9C + 1, 12]: the last row is the bias."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights

    def __call__(self, latents: Tensor) -> tuple[NDArray[np.uint8], ...]:
        height, width = latents.shape[-2:]
        with torch.inference_mode():
            flat = (neighbourhoods(latents.cpu()) @ self.weights).transpose(1, 2).unflatten(2, (height, width))
            values = ((pixel_shuffle(flat, FINER).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return tuple(values.permute(0, 2, 3, 1).contiguous().numpy())


class TinyPreview:
    """Latents [B, C, h, w] as B pictures, uint8 [H, W, 3], by a small decoder."""

    def __init__(self, decoder: TinyDecoder) -> None:
        self.decoder = decoder
        for kernel in (weights for weights in decoder.parameters() if weights.dim() == 4):
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)

    def __call__(self, latents: Tensor) -> tuple[NDArray[np.uint8], ...]:
        with torch.inference_mode():
            small = latents.cpu().float()
            if (larger := -(-max(small.shape[-2:]) * self.decoder.factor // LARGEST_SIDE)) > 1:
                small = avg_pool2d(small, larger, ceil_mode=True)
            drawn = self.decoder(small.contiguous(memory_format=torch.channels_last))
            values = (drawn.nan_to_num(0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        return tuple(values.permute(0, 2, 3, 1).contiguous().numpy())


class PreviewCache:
    """Keeps what makes previews for the last model, and not the model itself."""

    def __init__(self) -> None:
        self._last: tuple[weakref.ref[Family], Path | None, Preview] | None = None

    def of(self, family: Family, recipe: Recipe, decoder: Path | None = None) -> Preview:
        """What makes previews of the latents of `family`, read or fitted when it is first asked for."""
        if self._last is None or self._last[0]() is not family or self._last[1] != decoder:
            with inference(recipe.numerics.threads):
                self._last = (weakref.ref(family), decoder, make_preview(family, decoder))
        return self._last[2]


def make_preview(family: Family, decoder: Path | None) -> Preview:
    """The small decoder in that file, if it draws what latents of `family` show, else the linear map."""
    if decoder is not None:
        try:
            read = tiny_decoder(MappedFile(decoder).tensors)
        except (ModelBroken, ValueError, OSError) as error:
            logging.getLogger("sdplay").warning("previews are made without %s: %s", decoder, error)
        else:
            if read.channels == family.latent_channels and draws_latents_of(family, read):
                return TinyPreview(read)
    return LinearPreview(fit_preview(family))


def draws_latents_of(family: Family, decoder: TinyDecoder) -> bool:
    """Whether `decoder` draws colour fields of their latents."""
    pixels = colour_fields(SIDE * family.vae_scale_factor)
    drawn = decoder(family.encode(pixels).cpu())
    wanted = adaptive_avg_pool2d(pixels, drawn.shape[-2:])
    return float(torch.corrcoef(torch.stack([drawn.flatten(), wanted.flatten()]))[0, 1]) >= SAME


def neighbourhoods(latents: Tensor) -> Tensor:
    """Each latent of [B, C, h, w] with its eight neighbours and a 1: [B, h·w, 9C + 1]; the edge is repeated."""
    around = unfold(pad(latents.float(), (1, 1, 1, 1), mode="replicate"), 3).transpose(1, 2)
    return torch.cat([around, torch.ones_like(around[..., :1])], dim=-1)


def fit_preview(family: Family) -> Tensor:
    """The weights that map the latents of colour fields to the fields; latents with NaN or infinity get plain grey."""
    pixels = colour_fields(SIDE * family.vae_scale_factor)
    codes = neighbourhoods(family.encode(pixels).cpu()).flatten(0, 1)
    block = family.vae_scale_factor // FINER
    small = avg_pool2d(pixels, block) if block > 1 else pixels
    wanted = torch.nn.functional.pixel_unshuffle(small, FINER).flatten(2).transpose(1, 2).flatten(0, 1)
    if not bool(torch.isfinite(codes).all()):
        return torch.zeros(codes.size(1), wanted.size(1))
    return torch.linalg.lstsq(codes.double(), wanted.double(), driver="gelsd").solution.float()


def colour_fields(side: int) -> Tensor:
    """Pictures of coarse and fine squares in colours of all kinds, [8, 3, side, side] in −1..1, always the same."""
    random = np.random.default_rng(SEED)
    fields: list[Tensor] = []
    for across in SQUARES:
        colours = torch.as_tensor(random.uniform(-1, 1, (1, 3, across, across)), dtype=torch.float32)
        fields.append(torch.nn.functional.interpolate(colours, size=(side, side), mode="nearest")[0])
    return torch.stack(fields)
