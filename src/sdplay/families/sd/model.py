"""Stable Diffusion 1.x and 2.x (and the built-in model) as a `Family`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sdplay.engines.placement import Placement
from sdplay.families.base import Conditioning
from sdplay.families.common.chunks import MARKS, chunks
from sdplay.families.common.clip_skip import BEFORE_LAST, LAST, further_back
from sdplay.families.common.emphasis import marked, plain_tokens, weighed
from sdplay.families.common.folder import read_folder
from sdplay.families.common.latent_model import LatentModel, Parts, tokens_of
from sdplay.families.common.single_file import read_single_file
from sdplay.families.common.vae import with_codec
from sdplay.prompts.attention import Section


class StableDiffusion(LatentModel):
    """One text encoder, whose last hidden states are what the network reads; see `Family` for the doors.

    The 2.x models want the states before the last layer: their text encoder is written without that layer. They are
    known by their linear projections.
    """

    def __init__(self, parts: Parts, placement: Placement) -> None:
        super().__init__(parts, placement)
        (self.tokenizer,), (self.text_encoder,) = parts.tokenizers, parts.text_encoders
        self.own_layer = BEFORE_LAST if getattr(parts.unet.config, "use_linear_projection", False) else LAST

    @torch.inference_mode()
    def encode_words(self, text: str, clip_skip: int = 1) -> Conditioning:
        return Conditioning(self._states(tokens_of(self.tokenizer, self.text_encoder, text), clip_skip))

    @torch.inference_mode()
    def encode_weighted(self, sections: Sequence[Section], clip_skip: int = 1) -> Conditioning:
        size = self.text_encoder.config.max_position_embeddings - MARKS
        states: list[Tensor] = []
        for chunk in chunks(sections, self.inversions.spell(plain_tokens(self.tokenizer), self.spelled), size):
            tokens = marked(chunk, self.tokenizer, self.text_encoder)
            states.append(weighed(self._states(tokens, clip_skip), chunk))
        return Conditioning(torch.cat(states))

    def _states(self, tokens: Tensor, clip_skip: int) -> Tensor:
        """The states of an earlier layer pass through the norm that follows the last one, as that one's do."""
        self.patches.wear("text", self.text_loras)
        layers = self.text_encoder.config.num_hidden_layers + self.own_layer - LAST
        back = further_back(clip_skip, self.own_layer, layers)
        if not back:
            return self.inversions.encoded(0, self.text_encoder, tokens)[0][0]
        out = self.inversions.encoded(0, self.text_encoder, tokens, output_hidden_states=True)
        states = out.hidden_states[-1 - back]
        inner = getattr(self.text_encoder, "text_model", self.text_encoder)  # there before transformers 5.6
        return inner.final_layer_norm(states)[0]


def load_sd(path: Path, placement: Placement, codec: Path | None = None) -> StableDiffusion:
    """Load a diffusers folder or a single file, with the codec at `codec` where that is not the model's own.

    Raises `ModelBroken` with the part that cannot be read.
    """
    parts = read_folder(path, placement) if path.is_dir() else read_single_file(path, placement)
    return StableDiffusion(with_codec(parts, codec, placement).placed(placement), placement)
