"""Stable Diffusion 1.x and 2.x (and the built-in model) as a `Family`."""

from __future__ import annotations

from pathlib import Path

import torch

from sdplay.families.base import Conditioning, Placement
from sdplay.families.folder import read_folder
from sdplay.families.parts import LatentModel, Parts, tokens_of
from sdplay.families.single_file import read_single_file


class StableDiffusion(LatentModel):
    """One text encoder, whose last hidden states are what the network reads; see `Family` for the doors.

    The 2.x models want the states before the last layer: their text encoder is written without that layer.
    """

    def __init__(self, parts: Parts, placement: Placement) -> None:
        super().__init__(parts, placement)
        (self.tokenizer,), (self.text_encoder,) = parts.tokenizers, parts.text_encoders

    @torch.inference_mode()
    def encode_words(self, text: str) -> Conditioning:
        tokens = tokens_of(self.tokenizer, self.text_encoder, text)
        return Conditioning(self.text_encoder(tokens)[0][0])


def load_sd(path: Path, placement: Placement) -> StableDiffusion:
    """Load a diffusers folder or a single file; raises `ModelBroken` with the part that cannot be read."""
    parts = read_folder(path, placement) if path.is_dir() else read_single_file(path, placement)
    return StableDiffusion(parts.placed(placement), placement)
