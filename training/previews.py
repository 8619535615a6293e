"""Train the small decoder that previews are made with, to draw what a model's own decoder draws, at half the size.

Channels, size and scale come from the configuration of the VAE: after a new codec `python -m training.previews` is all
that is to be done. The estimates of the first steps are soft, and mixtures of what may yet come; so a part of the
latents are blurred or mixed, or have noise on them, and the decoder says what there is to be seen in these as well.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import avg_pool2d

from sdplay.networks.tiny_decoder import TinyDecoder
from training.codec import rate
from training.export import BUILTIN
from training.latents import frozen
from training.pictures import load

FILE = "taesd_decoder.safetensors"
HALF = 2  # pixels of the picture for each of a preview, along each side
BLOCKS = 4  # residual blocks in all, but for the last size
HELD, PART = 96, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSettings:
    width: int = 32
    pictures: int = 1200
    batch: int = 16
    lr: float = 2e-3


def new_decoder(codec: AutoencoderKL, width: int) -> TinyDecoder:
    """One for the latents of `codec`: a size more for each halving, and most blocks at the smallest."""
    doublings = len(codec.config["block_out_channels"]) - 2
    inner = [1] * (doublings - 1)
    return TinyDecoder(codec.config["latent_channels"], width, [BLOCKS - len(inner), *inner, 0])


def pictures_of(work: Path, side: int, count: int, seed: int) -> Tensor:
    """Composed pictures as the codec reads them, [count, 3, side, side] in −1..1."""
    chooser, painter, _ = load(work)
    rng = np.random.default_rng(seed)
    drawn = (painter.paint(chooser.picture(rng), rng)[0] for _ in range(count))
    sized = [np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.LANCZOS)) for each in drawn]
    return torch.from_numpy(np.stack(sized)).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.inference_mode()
def encoded(codec: AutoencoderKL, pixels: Tensor) -> Tensor:
    """Latents as the U-Net knows them."""
    parts = [codec.encode(part).latent_dist.mode() for part in pixels.split(PART)]
    return torch.cat(parts) * codec.config["scaling_factor"]


@torch.inference_mode()
def drawn_by(codec: AutoencoderKL, latents: Tensor) -> Tensor:
    """What the codec's own decoder draws of latents, at half the size, in 0..1."""
    parts = [codec.decode(part).sample for part in (latents / codec.config["scaling_factor"]).split(PART)]
    return torch.cat([avg_pool2d(part.clamp(-1, 1), HALF) / 2 + 0.5 for part in parts])


def estimates(latents: Tensor, generator: torch.Generator) -> Tensor:
    """A quarter of the latents mixed with another picture's, one blurred, one noisy, and one as they are."""
    count = len(latents)
    kind = torch.randint(4, (count, 1, 1, 1), generator=generator)
    share = torch.rand(count, 1, 1, 1, generator=generator)
    mixed = latents.lerp(latents.roll(1, 0), share / 2)
    soft = latents.lerp(avg_pool2d(latents, 3, 1, 1, count_include_pad=False), share)
    noisy = latents + share * 0.3 * torch.randn(latents.shape, generator=generator)
    return torch.where(kind == 0, mixed, torch.where(kind == 1, soft, torch.where(kind == 2, noisy, latents)))


def loss_of(drawn: Tensor, wanted: Tensor) -> Tensor:
    error = drawn - wanted
    gradient = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
    return error.abs().mean() + 8 * error.square().mean() + 0.5 * gradient


@torch.inference_mode()
def psnr(decoder: TinyDecoder, latents: Tensor, wanted: Tensor) -> float:
    error = (torch.cat([decoder(part) for part in latents.split(PART)]).clamp(0, 1) - wanted).square().mean()
    return float(-10 * error.log10())


def train(codec: AutoencoderKL, work: Path, seconds: float, settings: PreviewSettings) -> tuple[TinyDecoder, float]:
    """The decoder after so many seconds of processor time, and its PSNR in dB on pictures that it never saw."""
    torch.manual_seed(0)
    side, generator = codec.config["sample_size"], torch.Generator().manual_seed(0)
    held = encoded(codec, pictures_of(work, side, HELD, 1))
    latents = estimates(encoded(codec, pictures_of(work, side, settings.pictures, 0)), generator)
    seen, wanted = drawn_by(codec, held), drawn_by(codec, latents)
    print(f"{len(latents)} pictures after {time.process_time():.0f}s", flush=True)
    decoder = new_decoder(codec, settings.width).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=settings.lr, betas=(0.9, 0.99), weight_decay=0.01)
    begun, step = time.process_time(), 0
    while (progress := (time.process_time() - begun) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate(settings.lr, step, progress)
        chosen = torch.randint(len(latents), (settings.batch,), generator=generator)
        loss = loss_of(decoder(latents[chosen]), wanted[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 500 == 0:
            print(
                f"previews {step} {progress:.0%} loss {loss:.4f} held-out {psnr(decoder, held, seen):.2f} dB",
                flush=True,
            )
    return decoder, psnr(decoder, held, seen)


def main() -> None:
    usual = PreviewSettings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--model", type=Path, default=BUILTIN, help="a model folder; its decoder is the teacher")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--width", type=int, default=usual.width)
    parser.add_argument("--pictures", type=int, default=usual.pictures)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    settings = PreviewSettings(width=asked.width, pictures=asked.pictures)
    decoder, reached = train(frozen(asked.model / "vae"), asked.work, asked.minutes * 60, settings)
    half = {name: tensor.half().contiguous() for name, tensor in decoder.state_dict().items()}
    said = {"format": "pt", "psnr": f"{reached:.1f} dB to the model's own decoder at half the size"}
    save_file(half, asked.model / FILE, metadata=said)
    size = (asked.model / FILE).stat().st_size
    print(f"{asked.model / FILE}: {size / 1e3:.0f} kB, {reached:.2f} dB on pictures that it never saw")


if __name__ == "__main__":
    main()
