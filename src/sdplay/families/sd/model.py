"""Stable Diffusion 1.x and 2.x (and the built-in model) as a `Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sdplay.engines.device import Placement
from sdplay.families.base import TextEncoding
from sdplay.families.common.folder import read_components
from sdplay.families.common.latent_model import Components, LatentModel
from sdplay.families.common.text_encoder import (
    BEFORE_LAST,
    LAST,
    apply_emphasis,
    chunk_input_ids,
    skipped_layers,
    to_input_ids,
)
from sdplay.families.common.tokenizer import SPECIAL_TOKENS, split_into_chunks
from sdplay.families.sd import SD2, SD15
from sdplay.prompts.attention import Section


class StableDiffusion(LatentModel):
    """One text encoder, whose last hidden states are what the U-Net reads; see `Family` for the methods.

    The 2.x models want the states before the last layer: their text encoder is written without that layer. They are
    known by their linear projections.
    """

    def __init__(self, parts: Components, placement: Placement) -> None:
        super().__init__(parts, placement)
        (self.tokenizer,), (self.text_encoder,) = parts.tokenizers, parts.text_encoders
        self.default_layer = BEFORE_LAST if parts.unet.config.use_linear_projection else LAST

    @torch.inference_mode()
    def encode_text(self, text: str, clip_skip: int = 1) -> TextEncoding:
        return TextEncoding(self._states(to_input_ids(self.tokenizer, self.text_encoder, text), clip_skip))

    @torch.inference_mode()
    def encode_weighted_text(self, sections: Sequence[Section], clip_skip: int = 1) -> TextEncoding:
        size = self.text_encoder.config.max_position_embeddings - SPECIAL_TOKENS
        states: list[Tensor] = []
        for chunk in split_into_chunks(
            sections, self.textual_inversions.tokenizer_with(self.tokenizer.encode, self.embeddings), size
        ):
            tokens = chunk_input_ids(chunk, self.tokenizer, self.text_encoder)
            states.append(apply_emphasis(self._states(tokens, clip_skip), chunk))
        return TextEncoding(torch.cat(states))

    def _states(self, tokens: Tensor, clip_skip: int) -> Tensor:
        """The states of an earlier layer pass through the norm that follows the last one, as that one's do."""
        self.lora_patcher.apply("text", self.text_loras)
        layers = self.text_encoder.config.num_hidden_layers + self.default_layer - LAST
        back = skipped_layers(clip_skip, self.default_layer, layers)
        found = self.textual_inversions.encode(0, self.text_encoder, tokens)
        if not back:
            return found.last_hidden_state[0]
        return self.text_encoder.text_model.final_layer_norm(found.hidden_states[-1 - back])[0]


def load(path: Path, placement: Placement, vae: Path | None = None) -> StableDiffusion:
    """Load a diffusers folder or a single file, with the VAE at `vae` instead of the model's own.

    Raises `ModelBroken` with the part that cannot be read.
    """
    return StableDiffusion(read_components(path, placement, (SD15, SD2), vae), placement)
