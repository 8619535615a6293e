"""Begin a codec whose first channels are the latents of an older, smaller one, and whose others are detail.

What a network learned of the older latents then stays true to the number, and only the detail is new to it. The maps
are linear, from a codec with more channels on the same grid; `training.codec --keep` makes them exact.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from training.begin import both_latents, explained, linear_map
from training.codec import CodecSettings, new_codec
from training.export import BUILTIN
from training.latents import frozen
from training.networks import take_over

QUIET = -2.0  # logarithm of the variance that the encoder begins with: 0.07 of a latent's deviation


def details(latents: Tensor, told: Tensor, count: int) -> Tensor:
    """The matrix [count, C] of what `latents` [B, C, h, w] vary most in beside what `told` [B, c, h, w] says."""
    rest = latents - torch.einsum("oc,bchw->bohw", linear_map(told, latents), told)
    flat = rest.permute(1, 0, 2, 3).flatten(1).double()
    values, vectors = torch.linalg.eigh(flat @ flat.T / flat.shape[1])
    order = values.argsort(descending=True)[:count]
    return (vectors[:, order] / values[order].sqrt()).T.float()


@torch.no_grad()
def fit(codec: AutoencoderKL, source: AutoencoderKL, into: Tensor, back: Tensor) -> None:
    """Give `codec` all weights of `source` with its latents behind the map `into` [c, C], and before `back` [C, c]."""
    take_over(codec, source.state_dict(), ())
    channels, inner = into.shape
    quant, last = source.quant_conv, source.encoder.conv_out
    means = into @ quant.weight[:inner, :, 0, 0]
    codec.encoder.conv_out.weight.zero_()
    codec.encoder.conv_out.weight[:channels] = torch.einsum("om,mikl->oikl", means, last.weight)
    codec.encoder.conv_out.bias[:channels] = means @ last.bias + into @ quant.bias[:inner]
    codec.encoder.conv_out.bias[channels:] = QUIET
    for layer, width in ((codec.quant_conv, 2 * channels), (codec.post_quant_conv, channels)):
        layer.weight.copy_(torch.eye(width)[:, :, None, None])
        layer.bias.zero_()
    before, first = source.post_quant_conv, source.decoder.conv_in
    codec.decoder.conv_in.weight.copy_(torch.einsum("ockl,cd->odkl", first.weight, before.weight[:, :, 0, 0] @ back))
    codec.decoder.conv_in.bias.copy_(first.bias + first.weight.sum((2, 3)) @ before.bias)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--model", type=Path, default=BUILTIN, help="the older model's folder")
    parser.add_argument(
        "--source", type=Path, help="a codec with more channels; `vae` of the work folder when left out"
    )
    parser.add_argument("--channels", type=int, default=8, help="of the new codec, the older one's among them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    work: Path = asked.work
    old, source = frozen(asked.model / "vae").float(), frozen(asked.source)
    side = old.config["sample_size"]
    olds, rich = both_latents(old, source, side, work)
    to_old = linear_map(rich, olds)
    told = torch.einsum("oc,bchw->bohw", to_old, rich)
    into = torch.cat([to_old, details(rich, told, asked.channels - len(to_old))])
    latents = torch.einsum("oc,bchw->bohw", into, rich)
    back = linear_map(latents, rich)
    print(
        f"old ones from the source's {explained(rich, olds, to_old):.3f}, "
        f"the source's from the new {explained(latents, rich, back):.3f}"
    )
    codec = new_codec(CodecSettings(latent_channels=asked.channels))
    fit(codec, source, into, back)
    codec.save_pretrained(work / "codec-begun")
    print(f"-> {work / 'codec-begun'}")


if __name__ == "__main__":
    main()
