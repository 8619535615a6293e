"""A family without networks: the exact denoiser of a Gaussian, and a VAE that any fault can be put into."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sdplay.core.identity import ResolvedAddOn
from sdplay.families.base import TextEncoding
from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.process import make_process


def plain_decode(latents: Tensor) -> Tensor:
    """Three of the four channels, eight times as large."""
    return latents[:, :3].repeat_interleave(8, 2).repeat_interleave(8, 3)


class StubFamily:
    """Draws whatever the mean of its texts is; counts what it was asked for."""

    def __init__(self, decode: Callable[[Tensor], Tensor] = plain_decode) -> None:
        self.process, self.device = make_process(), torch.device("cpu")
        self.latent_channels, self.vae_scale_factor, self.is_inpaint = 4, 8, False
        self.reads_guidance = False
        self.decode = self.decode_float32 = decode
        self.encoded: list[str] = []
        self.asked: list[tuple[int, float]] = []

    def load_add_ons(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        assert not add_ons

    def with_add_ons(
        self, unet: ActiveLoras = (), text: ActiveLoras = (), embeddings: ActiveEmbeddings = ()
    ) -> StubFamily:
        assert not any((unet, text, embeddings))
        return self

    def encode_text(self, text: str, clip_skip: int = 1) -> TextEncoding:
        self.encoded.append(text)
        return TextEncoding(torch.tensor([[len(text) / 100]]))

    def encode_weighted_text(self, sections: Sequence[Section], clip_skip: int = 1) -> TextEncoding:
        return self.encode_text("".join(fragment.text for section in sections for fragment in section), clip_skip)

    def denoiser(self, conditionings: Sequence[TextEncoding], inpaint_channels: Tensor | None = None) -> Denoiser:
        means = torch.stack([conditioning.embeds for conditioning in conditionings])[..., None]

        def denoise(x: Tensor, sigma: float) -> Tensor:
            assert len(x) == len(means)
            self.asked.append((len(x), sigma))
            return (0.04 * x + sigma**2 * means) / (0.04 + sigma**2)

        return denoise

    def encode(self, pixels: Tensor) -> Tensor:
        raise NotImplementedError
