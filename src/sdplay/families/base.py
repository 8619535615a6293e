"""What a kind of model must be able to do to be drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sdplay.library.add_ons import ResolvedAddOn
from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import Worn
from sdplay.requests.add_ons import Spelled
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.process import Process

Extras = dict[str, dict[str, Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """One text as the network sees it: `text` [tokens, width], and `pooled` [width], the whole text in one vector, for
    the networks that want it too.
    """

    text: Tensor
    pooled: Tensor | None = None


class Adding(Protocol):
    """Looks at latents [B, C, h, w] and says what is to be added to the layers of a denoising network, from outside
    inwards and the middle's last; `texts` has a row's text each, `seen` [1, …] is what it saw in a picture beforehand.
    """

    def __call__(
        self, x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], seen: Tensor, extras: Extras
    ) -> list[Tensor]: ...


class Looking(Adding, Protocol):
    """A ControlNet that can be shown a picture [1, 3, H, W] in 0..1; its sides are multiples of the codec's factor."""

    def read(self, picture: Tensor) -> Tensor: ...


class Networks(Protocol):
    """Gives the ControlNet of a name, loaded; raises `ModelBroken`, and `BadRequest` for one of another model."""

    def __call__(self, name: str) -> Looking: ...


@dataclass(frozen=True, slots=True, eq=False)
class ControlCond:
    """A ControlNet at work: the network, what it saw in its picture, and how much it is to count."""

    network: Adding
    hint: Tensor
    scale: float


class Family(Protocol):
    """A loaded model. Latents are [B, C, h, w] float32 on `device`, pixels are on the CPU.

    `encode_words` maps one text to its conditioning (alone, so that its bits do not depend on company), cut where the
    text encoder ends; `encode_weighted` does so for weighted text of any length, chunk by chunk, with the same bits
    where that is one chunk without weights; both read the encoder's layer that `clip_skip` says (see `layers`), and
    raise `BadRequest` for more than it has;
    `denoiser` answers for a batch whose row i is conditioned by `conditionings[i]`; a model made for inpainting
    (`is_inpaint`) also gets `seen` [b, 1 + C, h, w], repeated over the batch; `guides` have their say in all rows;
    `hold` reads files that change it, and `adapted` is the same model with LoRAs on network and text encoders
    (named by digest) and with `words` that stand for vectors: what is drawn with one is not changed by the other;
    `networks` are the ControlNets it holds;
    `encode` maps pixels [B, 3, H, W] in −1..1 to latents, `decode` back; `decode_in_float32` with the codec's weights
    and arithmetic in float32, whatever it works with otherwise.
    """

    process: Process
    device: torch.device
    latent_channels: int
    factor: int
    is_inpaint: bool

    @property
    def networks(self) -> Networks: ...

    def hold(self, add_ons: Sequence[ResolvedAddOn]) -> None: ...

    def adapted(self, network: Worn = (), text: Worn = (), words: Spelled = ()) -> Family: ...

    def encode_words(self, text: str, clip_skip: int = 1) -> Conditioning: ...

    def encode_weighted(self, sections: Sequence[Section], clip_skip: int = 1) -> Conditioning: ...

    def denoiser(
        self, conditionings: Sequence[Conditioning], seen: Tensor | None = None, guides: Sequence[ControlCond] = ()
    ) -> Denoiser: ...

    def encode(self, pixels: Tensor) -> Tensor: ...

    def decode(self, latents: Tensor) -> Tensor: ...

    def decode_in_float32(self, latents: Tensor) -> Tensor: ...
