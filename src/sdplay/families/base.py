"""What a kind of model must be able to do to be drawn with, and how one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import Placement
from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.process import Process

Extras = dict[str, dict[str, Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class TextEncoding:
    """One text as the network reads it: `embeds` [tokens, width], and `pooled` [width], the whole text in one vector,
    for the networks that want it too.
    """

    embeds: Tensor
    pooled: Tensor | None = None


class ControlNetModel(Protocol):
    """A ControlNet: `read` encodes a picture [1, 3, H, W] in 0..1, whose sides are multiples of the VAE's scale factor,
    to a `hint` [1, …]; called with latents [B, C, h, w], it returns the residuals of the U-Net's down blocks, and last
    that of its middle block. `texts` holds the text of each row.
    """

    def read(self, picture: Tensor) -> Tensor: ...

    def __call__(
        self, x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], hint: Tensor, extras: Extras
    ) -> list[Tensor]: ...


class ControlNetLoader(Protocol):
    """Gives the ControlNet of a name, loaded; raises `ModelBroken`, and `BadRequest` for one of another model."""

    def __call__(self, name: str) -> ControlNetModel: ...


@dataclass(frozen=True, slots=True, eq=False)
class ControlCond:
    """A ControlNet in use: the model, the hint it read from its picture, and the scale of its residuals."""

    model: ControlNetModel
    hint: Tensor
    scale: float


class Family(Protocol):
    """A loaded model. Latents are [B, C, h, w] float32 on `device`, pixels are on the CPU.

    `encode_text` encodes one text alone (so that its bits do not depend on the batch), cut at the encoder's last token;
    `encode_weighted_text` encodes weighted text of any length, chunk by chunk, with the same bits if that is one chunk
    without weights. Both read the layer that `clip_skip` says, and raise `BadRequest` if there is no such layer.
    `denoiser` denoises a batch whose row i is conditioned by `conditionings[i]`. An inpainting model (`is_inpaint`)
    also gets `inpaint_channels` [b, 1 + C, h, w], repeated over the batch; `controls` apply to all rows. One that
    `reads_guidance` gets the `guidance` scale of each row, and does in one half what takes others two.
    `load_add_ons` reads LoRAs, embeddings and ControlNets. `with_add_ons` is the same model with LoRAs on U-Net and
    text encoders (by digest) and with `embeddings`: neither of two such models changes what the other draws.
    `controlnets` gives the ControlNets that were read.
    `encode` maps pixels [B, 3, H, W] in −1..1 to latents, and `decode` maps them back; `decode_float32` does so with
    the weights and arithmetic of the VAE in float32, whatever its format otherwise.
    """

    process: Process
    device: torch.device
    latent_channels: int
    vae_scale_factor: int
    is_inpaint: bool
    reads_guidance: bool

    @property
    def controlnets(self) -> ControlNetLoader: ...

    def load_add_ons(self, add_ons: Sequence[ResolvedAddOn]) -> None: ...

    def with_add_ons(
        self, unet: ActiveLoras = (), text: ActiveLoras = (), embeddings: ActiveEmbeddings = ()
    ) -> Family: ...

    def encode_text(self, text: str, clip_skip: int = 1) -> TextEncoding: ...

    def encode_weighted_text(self, sections: Sequence[Section], clip_skip: int = 1) -> TextEncoding: ...

    def denoiser(
        self,
        encodings: Sequence[TextEncoding],
        inpaint_channels: Tensor | None = None,
        controls: Sequence[ControlCond] = (),
        guidance: Sequence[float] = (),
    ) -> Denoiser: ...

    def encode(self, pixels: Tensor) -> Tensor: ...

    def decode(self, latents: Tensor) -> Tensor: ...

    def decode_float32(self, latents: Tensor) -> Tensor: ...


def load_family(name: str, path: Path, placement: Placement, vae: Path | None = None) -> Family:
    """Load the model at `path` as one of family `name`, with the VAE at `vae` instead of the model's own.

    Only the room of that family is imported. Raises `ModelBroken` for files that are not a usable model.
    """
    load: Callable[[Path, Placement, Path | None], Family] = import_module(f"sdplay.families.{name}.model").load
    return load(path, placement, vae)
