"""Drawings of the best known things in variants, and the codec as the network sees it: encoding, whitening."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from training.art import SCALING, SIZE, STYLES, load_art, read_concepts
from training.captions import Shown
from training.colours import BACKGROUNDS, OBJECT_COLOURS, jitter, recolour
from training.pictures import load

WHITE_SHARE = 0.4
RECOLOURED_SHARE = 0.45
OWN_SHARE = 0.2
SMALLEST, TILT = 0.9, 2.0
WHITENED_ON = 768


@dataclass(frozen=True, slots=True)
class Base:
    """One drawing of a taught concept."""

    shown: Shown
    pixels: NDArray[np.uint8]


def taught(work: Path) -> list[Base]:
    """All drawings of all taught concepts, in the order of concepts.txt and STYLES."""
    art, drawings = load_art(work)
    rows = {(d.label, d.style): i for i, d in enumerate(drawings)}
    bases: list[Base] = []
    for concept in read_concepts():
        for style in STYLES:
            row = rows[concept.label, style]
            short = [t for t in drawings[row].tags if 2 < len(t) <= 20 and t.isascii()]
            bases.append(Base(Shown(concept, style, "white", None, short), np.array(art[row])))
    return bases


def moved(rgba: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The drawing a little smaller, off centre and tilted: what makes two seeds of one prompt differ.

    Not more than that yet: mirrored art and smaller sizes cost views that shapes need first.
    """
    image = Image.fromarray(rgba, "RGBa")
    scale = rng.uniform(SMALLEST, 1.0)
    angle = np.deg2rad(rng.normal() * TILT)
    room = (1 - scale) * SIZE / 2
    dx, dy = rng.uniform(-room, room, 2)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    c = SIZE / 2
    matrix = (cos, sin, c - cos * (c + dx) - sin * (c + dy), -sin, cos, c + sin * (c + dx) - cos * (c + dy))
    turned = np.array(image.transform((SIZE, SIZE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
    turned[..., :3] = np.minimum(turned[..., :3], turned[..., 3:])  # bicubic overshoots: colour stays within its alpha
    return turned


def variant(base: Base, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Tensor, Shown]:
    """One variant of a drawing: premultiplied pixels, background colour [3, 1, 1] in 0..1, and what it shows."""
    shown, rgba, own = base.shown, base.pixels, base.shown.concept.colour
    colour: str | None = None
    if own is not None and rng.random() < RECOLOURED_SHARE:
        colour = own if rng.random() < OWN_SHARE else str(rng.choice(list(OBJECT_COLOURS)))
        rgba = recolour(rgba, own, colour)
    rgba = moved(rgba, rng)
    ground = "white"
    if rng.random() >= WHITE_SHARE or colour == "white":
        # a thing does not stand on a ground of its own colour: nobody could see it
        ground = str(rng.choice([name for name in BACKGROUNDS if name not in {"white", colour or own}]))
    rgb = BACKGROUNDS["white"] if ground == "white" else jitter(ground, rng)
    plain = torch.tensor(rgb, dtype=torch.float32).view(3, 1, 1) / 255
    return rgba, plain, Shown(shown.concept, shown.style, ground, colour, shown.tags)


def encode(codec: AutoencoderKL, pixels: NDArray[np.uint8]) -> Tensor:
    """Latents [B, C, h, w] of pictures uint8 [B, H, W, 3], scaled as the network sees them, where the codec lies."""
    values = torch.from_numpy(pixels).to(codec.device).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad(), torch.autocast(codec.device.type, torch.bfloat16):
        latents = codec.encode(values.contiguous(memory_format=torch.channels_last)).latent_dist.mode()
    return latents.float() * SCALING


@torch.no_grad()
def whiten(codec: AutoencoderKL, latents: Tensor, kept: int = 0) -> Tensor:
    """Fold a per-channel whitening into the codec's 1×1 convolutions, so that SD's 0.18215 gives unit latents.

    The first `kept` channels stay as they are: an older network knows them so.

    Encoding then divides by what decoding multiplies by: reconstructions stay as they are to rounding. Returns the
    `latents` [B, C, h, w] as the changed codec would have made them.
    """
    raw = latents / SCALING
    mean, deviation = raw.mean((0, 2, 3)), raw.std((0, 2, 3)) * SCALING
    mean[:kept], deviation[:kept] = 0, 1
    channels = len(mean)
    encode, decode = codec.quant_conv, codec.post_quant_conv
    encode.weight[:channels] /= deviation.view(-1, 1, 1, 1)
    encode.bias[:channels] = (encode.bias[:channels] - mean) / deviation
    encode.bias[channels:] -= 2 * deviation.log()
    decode.bias += decode.weight[:, :, 0, 0] @ mean
    decode.weight *= deviation.view(1, -1, 1, 1)
    codec.register_to_config(scaling_factor=SCALING)
    return (raw - mean.view(-1, 1, 1)) / deviation.view(-1, 1, 1) * SCALING


def frozen(folder: Path) -> AutoencoderKL:
    """A saved codec for encoding and decoding only."""
    codec = AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False)
    return codec.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def main() -> None:
    """Whiten the trained codec on composed pictures: `codec` becomes `vae`, the one that is used and shipped.

    From then on its encoder stays as it is, since all latents and the network depend on it; its decoder may be trained
    further (`training.codec --decoder-only`) at any time.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--codec", default="codec", help="folder in the work folder")
    parser.add_argument("--kept", type=int, default=0, help="so many channels stay as they are (training.grown)")
    asked = parser.parse_args()
    work: Path = asked.work
    torch.set_num_threads(1)
    codec, rng = frozen(work / asked.codec), np.random.default_rng(0)
    chooser, painter, _ = load(work)
    parts: list[Tensor] = []
    for _ in range(WHITENED_ON // 16):
        parts.append(encode(codec, np.stack([painter.paint(chooser.picture(rng), rng)[0] for _ in range(16)])))
    latents = whiten(codec, torch.cat(parts), asked.kept)
    codec.save_pretrained(work / "vae")
    print(f"{len(latents)} latents, deviations now {latents.std((0, 2, 3)).tolist()} -> {work / 'vae'}")


if __name__ == "__main__":
    main()
