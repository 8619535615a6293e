"""A family without networks: the exact denoiser of a Gaussian, and a codec that any fault can be put into."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sdplay.families.base import Conditioning
from sdplay.library.add_ons import ResolvedAddOn
from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import Worn
from sdplay.requests.add_ons import Spelled
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.process import make_process


def plain_decode(latents: Tensor) -> Tensor:
    """Three of the four channels, eight times as large."""
    return latents[:, :3].repeat_interleave(8, 2).repeat_interleave(8, 3)


class StubFamily:
    """Draws whatever the mean of its texts is; counts what it was asked for."""

    def __init__(self, decode: Callable[[Tensor], Tensor] = plain_decode) -> None:
        self.process, self.device = make_process(), torch.device("cpu")
        self.latent_channels, self.factor, self.is_inpaint = 4, 8, False
        self.decode = self.decode_in_float32 = decode
        self.encoded: list[str] = []
        self.asked: list[tuple[int, float]] = []

    def hold(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        assert not add_ons

    def adapted(self, network: Worn = (), text: Worn = (), words: Spelled = ()) -> StubFamily:
        assert not any((network, text, words))
        return self

    def encode_words(self, text: str, clip_skip: int = 1) -> Conditioning:
        self.encoded.append(text)
        return Conditioning(torch.tensor([[len(text) / 100]]))

    def encode_weighted(self, sections: Sequence[Section], clip_skip: int = 1) -> Conditioning:
        return self.encode_words("".join(fragment.text for section in sections for fragment in section), clip_skip)

    def denoiser(self, conditionings: Sequence[Conditioning], seen: Tensor | None = None) -> Denoiser:
        means = torch.stack([conditioning.text for conditioning in conditionings])[..., None]

        def denoise(x: Tensor, sigma: float) -> Tensor:
            assert len(x) == len(means)
            self.asked.append((len(x), sigma))
            return (0.04 * x + sigma**2 * means) / (0.04 + sigma**2)

        return denoise

    def encode(self, pixels: Tensor) -> Tensor:
        raise NotImplementedError
