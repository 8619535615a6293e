"""Stable Diffusion XL base as a `Family`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.families.base import Extras, TextEncoding
from sdplay.families.common.folder import read_components
from sdplay.families.common.latent_model import Components, ExtrasOf, LatentModel, component_error
from sdplay.families.common.text_encoder import (
    BEFORE_LAST,
    apply_emphasis,
    chunk_input_ids,
    skipped_layers,
    to_input_ids,
)
from sdplay.families.common.tokenizer import SPECIAL_TOKENS, split_into_chunks
from sdplay.families.sdxl import SDXL
from sdplay.prompts.attention import Section

SIZE_NUMBERS = 6  # height and width of the original, the crop's top and left, height and width of the target


class StableDiffusionXL(LatentModel):
    """Two text encoders, of which the states before the last layer are read side by side, and the pooled text of the
    second; the U-Net also reads the picture's size. See `Family` for the methods.

    An empty text is all zeros if the folder says so, as it does for the base model: diffusers does this for a
    negative prompt that is left out, which is the only empty text a guided picture has.
    """

    def __init__(self, parts: Components, placement: Placement) -> None:
        super().__init__(parts, placement)
        self.tokenizers, self.text_encoders = parts.tokenizers, parts.text_encoders
        self.zero_when_empty = parts.zero_when_empty

    @torch.inference_mode()
    def encode_text(self, text: str, clip_skip: int = 1) -> TextEncoding:
        readers = enumerate(zip(self.tokenizers, self.text_encoders, strict=True))
        back = self._further_back(clip_skip)
        whole = self._side_by_side([self._read(n, to_input_ids(t, e, text), back) for n, (t, e) in readers])
        return zeros_like(whole) if self.zero_when_empty and not text else whole

    @torch.inference_mode()
    def encode_weighted_text(self, sections: Sequence[Section], clip_skip: int = 1) -> TextEncoding:
        """Each encoder's states are weighed on their own; the pooled text is that of the first chunk."""
        size = min(encoder.config.max_position_embeddings for encoder in self.text_encoders) - SPECIAL_TOKENS
        back = self._further_back(clip_skip)
        found: list[TextEncoding] = []
        spell = self.textual_inversions.tokenizer_with(self.tokenizers[0].encode, self.embeddings)
        for chunk in split_into_chunks(sections, spell, size):
            sides: list[TextEncoding] = []
            for number, (tokenizer, encoder) in enumerate(zip(self.tokenizers, self.text_encoders, strict=True)):
                side = self._read(number, chunk_input_ids(chunk, tokenizer, encoder), back)
                sides.append(replace(side, embeds=apply_emphasis(side.embeds, chunk)))
            found.append(self._side_by_side(sides))
        whole = TextEncoding(torch.cat([each.embeds for each in found]), found[0].pooled)
        return zeros_like(whole) if self.zero_when_empty and not any(sections) else whole

    def _further_back(self, clip_skip: int) -> int:
        layers = min(encoder.config.num_hidden_layers for encoder in self.text_encoders)
        return skipped_layers(clip_skip, BEFORE_LAST, layers)

    def _read(self, number: int, tokens: Tensor, back: int) -> TextEncoding:
        self.lora_patcher.apply("text", self.text_loras)
        found = self.textual_inversions.encode(number, self.text_encoders[number], tokens)
        pooled = None if found.text_embeds is None else found.text_embeds[0]
        return TextEncoding(found.hidden_states[-BEFORE_LAST - back][0], pooled)

    def _side_by_side(self, sides: Sequence[TextEncoding]) -> TextEncoding:
        """What the encoders say in one, with the pooled text (text_embeds) of the last."""
        return TextEncoding(torch.cat([side.embeds for side in sides], dim=-1), sides[-1].pooled)

    def added_cond_kwargs(self, encodings: Sequence[TextEncoding]) -> ExtrasOf:
        pooled = torch.stack([c.pooled for c in encodings if c.pooled is not None])

        def extras(x: Tensor) -> Extras:
            height, width = x.size(-2) * self.vae_scale_factor, x.size(-1) * self.vae_scale_factor
            sizes = torch.tensor([height, width, 0, 0, height, width], dtype=torch.float32, device=pooled.device)
            return {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes.expand(len(pooled), -1)}}

        return extras


def zeros_like(whole: TextEncoding) -> TextEncoding:
    pooled = None if whole.pooled is None else torch.zeros_like(whole.pooled)
    return TextEncoding(torch.zeros_like(whole.embeds), pooled)


def load(path: Path, placement: Placement, vae: Path | None = None) -> StableDiffusionXL:
    """Load a diffusers folder or a single file, with the VAE at `vae` instead of the model's own.

    Raises `ModelBroken` with the part that cannot be read.
    """
    parts = read_components(path, placement, (SDXL,), vae)
    unet = parts.unet.config
    try:
        check_extras(unet, parts.text_encoders[-1].config)
    except ValueError as error:
        raise component_error("unet", path, error) from None
    return StableDiffusionXL(parts, placement)


def check_extras(unet: object, text_encoder: object) -> None:
    """Raise `ValueError` unless the network takes the pooled text and six numbers of size, as SDXL base does."""
    wanted = getattr(unet, "projection_class_embeddings_input_dim", None)
    step = getattr(unet, "addition_time_embed_dim", None) or 0
    given = step * SIZE_NUMBERS + getattr(text_encoder, "projection_dim", 0)
    if wanted != given:
        raise ValueError(f"it reads {wanted} numbers of text and size, and SDXL base gives it {given}")
