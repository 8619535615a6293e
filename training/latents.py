"""Latents to train the denoiser on: every taught drawing in many variants, encoded by the codec and kept in a pool.

The pool is renewed while training goes on, so that what is learned is the thing and not sixteen pictures of it.
"""

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

from training.art import SIZE, STYLES, load_art, read_concepts
from training.captions import Shown
from training.codec import compose
from training.colours import BACKGROUNDS, OBJECT_COLOURS, jitter, recolour

SCALING = 0.18215
WHITE_SHARE = 0.4
RECOLOURED_SHARE = 0.45
OWN_SHARE = 0.2
SMALLEST, TILT = 0.9, 2.0


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


class Pool:
    """`per_base` encoded variants of every drawing; `renew` replaces random ones with fresh ones."""

    def __init__(self, bases: list[Base], codec: AutoencoderKL, per_base: int, seed: int) -> None:
        self.bases, self.codec = bases, codec
        self.rng = np.random.default_rng(seed)
        self.latents = torch.zeros(len(bases) * per_base, 4, SIZE // 8, SIZE // 8)
        self.shown: list[Shown] = [base.shown for base in bases for _ in range(per_base)]
        self.base_of = np.repeat(np.arange(len(bases)), per_base)

    def fill(self) -> None:
        for part in np.array_split(np.arange(len(self.shown)), max(1, len(self.shown) // 32)):
            self.encode(part)

    def renew(self, count: int) -> None:
        self.encode(self.rng.choice(len(self.shown), count, replace=False))

    @torch.no_grad()
    def encode(self, rows: NDArray[np.int64]) -> None:
        made = [variant(self.bases[self.base_of[row]], self.rng) for row in rows]
        pixels = compose(np.stack([rgba for rgba, _, _ in made]), torch.stack([plain for _, plain, _ in made]))
        with torch.autocast("cpu", torch.bfloat16):
            latents = self.codec.encode(pixels).latent_dist.mode()
        self.latents[torch.from_numpy(rows)] = latents.float() * SCALING
        for row, (_, _, shown) in zip(rows, made, strict=True):
            self.shown[row] = shown


@torch.no_grad()
def whiten(codec: AutoencoderKL, pool: Pool) -> None:
    """Fold a per-channel whitening into the codec's 1×1 convolutions, so that SD's 0.18215 gives unit latents.

    Encoding then divides by what decoding multiplies by: reconstructions stay as they are to rounding.
    """
    raw = pool.latents / SCALING
    mean, deviation = raw.mean((0, 2, 3)), raw.std((0, 2, 3)) * SCALING
    channels = len(mean)
    encode, decode = codec.quant_conv, codec.post_quant_conv
    encode.weight[:channels] /= deviation.view(-1, 1, 1, 1)
    encode.bias[:channels] = (encode.bias[:channels] - mean) / deviation
    encode.bias[channels:] -= 2 * deviation.log()
    decode.bias += decode.weight[:, :, 0, 0] @ mean
    decode.weight *= deviation.view(1, -1, 1, 1)
    pool.latents = (raw - mean.view(-1, 1, 1)) / deviation.view(-1, 1, 1) * SCALING
    codec.register_to_config(scaling_factor=SCALING)


def main() -> None:
    """Whiten the trained codec on the taught drawings: `codec` becomes `vae`, the one that is used and shipped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    work: Path = parser.parse_args().work
    codec = AutoencoderKL.from_pretrained(work / "codec", low_cpu_mem_usage=False)
    codec = codec.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    pool = Pool(taught(work), codec, per_base=4, seed=0)
    pool.fill()
    whiten(codec, pool)
    codec.save_pretrained(work / "vae")
    print(f"{len(pool.shown)} latents, deviations now {pool.latents.std((0, 2, 3)).tolist()} -> {work / 'vae'}")


if __name__ == "__main__":
    main()
