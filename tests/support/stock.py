"""Networks of diffusers and transformers, asked as ours are: for a family of ours to draw with."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from sdplay.networks.clip import TextStates


class StockUNet:
    """A U-Net of diffusers."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def __call__(self, *given: Any, **asked: Any) -> Tensor:
        return self.network(*given, **asked, return_dict=False)[0]


class StockText:
    """A text encoder of transformers."""

    def __init__(self, encoder: Any) -> None:
        self.encoder, self.config, self.device = encoder, encoder.config, encoder.device

    def __call__(self, tokens: Tensor) -> TextStates:
        found = self.encoder(tokens, output_hidden_states=True)
        return TextStates(found.last_hidden_state, found.hidden_states, getattr(found, "text_embeds", None))
