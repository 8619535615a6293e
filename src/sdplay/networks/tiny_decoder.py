"""A small decoder in the layout of TAESD: latents to pixels in a few narrow convolutions, for previews.

Source: Bohan, "Tiny AutoEncoder for Stable Diffusion", 2023. The one of the built-in model is narrower, and draws
at half the size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

REACH = 3.0  # latents are bent to this far from 0 at the most
FIRST = 1  # the number of the first convolution; files of diffusers count from it
OF_DIFFUSERS = "decoder.layers."
PLACE = re.compile(r"(\d+)\.(conv\.\d+\.)?(weight|bias)")


class Bend(nn.Module):
    """Latents bent into −3..3, so that odd ones do no harm."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / REACH) * REACH


class Block(nn.Module):
    """Three convolutions added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1), nn.ReLU()),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.conv(x) + x)


class TinyDecoder(nn.Sequential):
    """Latents [B, C, h, w] as the U-Net knows them to pixels [B, 3, H, W], about 0..1.

    `blocks` are how many residual blocks there are at each size, each twice the one before.
    """

    def __init__(self, channels: int, width: int, blocks: Sequence[int]) -> None:
        layers: list[nn.Module] = [Bend(), nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        for stage, count in enumerate(blocks):
            if stage:
                layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1, bias=False)]
            layers += [Block(width) for _ in range(count)]
        super().__init__(*layers, nn.Conv2d(width, 3, 3, padding=1))
        self.channels, self.factor = channels, 2 ** (len(blocks) - 1)


def tiny_decoder(tensors: Mapping[str, Tensor]) -> TinyDecoder:
    """The decoder of a file, with its weights in float32: of TAESD's own names, or those of diffusers.

    Raises `ValueError` for tensors that are none.
    """
    named = plain_names(tensors)
    first = named.get(f"{FIRST}.weight")
    if first is None or first.dim() != 4 or not all(PLACE.fullmatch(name) for name in named):
        raise ValueError("its tensors are not those of a decoder in the layout of TAESD")
    blocks = [0]
    for place in sorted({int(name.partition(".")[0]) for name in named}):
        if f"{place}.conv.0.weight" in named:
            blocks[-1] += 1
        elif f"{place}.bias" not in named:
            blocks.append(0)
    found = TinyDecoder(first.size(1), first.size(0), blocks)
    try:
        found.load_state_dict({name: tensor.float() for name, tensor in named.items()})
    except RuntimeError as error:
        raise ValueError("its tensors are not those of a decoder in the layout of TAESD") from error
    return found.eval().requires_grad_(False)


def plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a decoder by TAESD's own names, of a file that may hold an encoder too."""
    if not any(name.startswith(OF_DIFFUSERS) for name in tensors):
        return dict(tensors)
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(OF_DIFFUSERS):
            number, _, rest = name.removeprefix(OF_DIFFUSERS).partition(".")
            found[f"{int(number) + FIRST}.{rest}"] = tensor
    return found
