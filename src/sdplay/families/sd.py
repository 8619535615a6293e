"""Stable Diffusion 1.x and 2.x (and the built-in model) as a `Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sdplay.core.prompt.attention import Section
from sdplay.families.base import Conditioning, Placement
from sdplay.families.chunks import MARKS, chunks
from sdplay.families.folder import read_folder
from sdplay.families.parts import LatentModel, Parts, tokens_of
from sdplay.families.single_file import read_single_file
from sdplay.families.weights import marked, plain_tokens, weighed


class StableDiffusion(LatentModel):
    """One text encoder, whose last hidden states are what the network reads; see `Family` for the doors.

    The 2.x models want the states before the last layer: their text encoder is written without that layer.
    """

    def __init__(self, parts: Parts, placement: Placement) -> None:
        super().__init__(parts, placement)
        (self.tokenizer,), (self.text_encoder,) = parts.tokenizers, parts.text_encoders

    @torch.inference_mode()
    def encode_words(self, text: str) -> Conditioning:
        return Conditioning(self._states(tokens_of(self.tokenizer, self.text_encoder, text)))

    @torch.inference_mode()
    def encode_weighted(self, sections: Sequence[Section]) -> Conditioning:
        size = self.text_encoder.config.max_position_embeddings - MARKS
        states: list[Tensor] = []
        for chunk in chunks(sections, plain_tokens(self.tokenizer), size):
            states.append(weighed(self._states(marked(chunk, self.tokenizer, self.text_encoder)), chunk))
        return Conditioning(torch.cat(states))

    def _states(self, tokens: Tensor) -> Tensor:
        return self.text_encoder(tokens)[0][0]


def load_sd(path: Path, placement: Placement) -> StableDiffusion:
    """Load a diffusers folder or a single file; raises `ModelBroken` with the part that cannot be read."""
    parts = read_folder(path, placement) if path.is_dir() else read_single_file(path, placement)
    return StableDiffusion(parts.placed(placement), placement)
