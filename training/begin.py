"""Begin a new network with what an older model knows, though its codec had other latents.

Both codecs see the same pictures (the old one at its own size) on the same grid, so one's latents are nearly a linear
map of the other's. The first and the last layer take that map up; all other layers are taken over as they are. With
`--kept` the new codec's first channels are the older one's (training.grown): the network then begins by knowing them to
the number, and by saying nothing of the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import CLIPTokenizer

from training.export import BUILTIN
from training.latents import encode, frozen
from training.networks import Sizes, begin, new_networks
from training.pictures import load

PICTURES = 512


def linear_map(source: Tensor, target: Tensor) -> Tensor:
    """The matrix [C_target, C_source] that takes latents [B, C_source, h, w] nearest to [B, C_target, h, w]."""
    a, b = (x.permute(1, 0, 2, 3).flatten(1).double() for x in (source, target))
    return torch.linalg.lstsq(a.T, b.T).solution.T.float()


def explained(source: Tensor, target: Tensor, matrix: Tensor) -> float:
    """Share of the variance of `target` that the map of `source` gives back."""
    got = torch.einsum("oc,bchw->bohw", matrix, source)
    return 1 - float((target - got).square().mean() / target.square().mean())


def resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX)) for one in pixels])


def both_latents(old: AutoencoderKL, new: AutoencoderKL, side: int, work: Path) -> tuple[Tensor, Tensor]:
    """Latents of the same pictures by both codecs."""
    chooser, painter, _ = load(work)
    rng = np.random.default_rng(11)
    olds: list[Tensor] = []
    news: list[Tensor] = []
    for _ in range(PICTURES // 16):
        pixels = np.stack([painter.paint(chooser.picture(rng), rng)[0] for _ in range(16)])
        olds.append(encode(old, resized(pixels, side)))
        news.append(encode(new, pixels))
    return torch.cat(olds), torch.cat(news)


@torch.no_grad()
def joined(network: UNet2DConditionModel, before: UNet2DConditionModel, to_old: Tensor, to_new: Tensor) -> None:
    """Give the first and last convolution the old ones behind and before the maps [C_old, C_new] and [C_new, C_old]."""
    first, last = network.conv_in, network.conv_out
    first.weight.copy_(torch.einsum("oikl,ij->ojkl", before.conv_in.weight, to_old))
    first.bias.copy_(before.conv_in.bias)
    last.weight.copy_(torch.einsum("nc,cikl->nikl", to_new, before.conv_out.weight))
    last.bias.copy_(to_new @ before.conv_out.bias)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--model", type=Path, default=BUILTIN, help="the older model's folder")
    parser.add_argument("--kept", action="store_true", help="the new codec's first channels are the older one's")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    work: Path = asked.work
    before = UNet2DConditionModel.from_pretrained(asked.model / "unet", low_cpu_mem_usage=False).float()
    old, new = frozen(asked.model / "vae").float(), frozen(work / "vae")
    pixels_a_latent = 2 ** (len(old.config["block_out_channels"]) - 1)
    olds, news = both_latents(old, new, pixels_a_latent * before.config["sample_size"], work)
    if asked.kept:
        to_old = torch.eye(olds.shape[1], news.shape[1])
        to_new = to_old.T
    else:
        to_old, to_new = linear_map(news, olds), linear_map(olds, news)
    print(f"old from new {explained(news, olds, to_old):.3f}, new from old {explained(olds, news, to_new):.3f}")
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    unet, text = new_networks(Sizes(latent_channels=news.shape[1]), tokenizer)
    changed = begin(unet, text, asked.model)
    joined(unet, before, to_old, to_new)
    unet.save_pretrained(work / "begun" / "unet")
    text.save_pretrained(work / "begun" / "text_encoder")
    print(f"{len(changed)} tensors are new: -> {work / 'begun'}")


if __name__ == "__main__":
    main()
