"""Pictures with their edges and words, for the training of the ControlNet.

They are composed as those of the network, but a thing alone is smaller, elsewhere and tilted: edges are to say where
things are. A part of them is not named, and a part has no words at all, so that edges alone say enough.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

from sdplay.images.canny import canny
from training.begin import resized
from training.captions import STYLE_WORDS
from training.latents import encode
from training.pictures import Chooser, Painter, Picture
from training.sentences import sentence

WORDLESS_SHARE, UNNAMED_SHARE = 0.3, 0.2
SMALLEST, LARGEST, TILT = 0.45, 0.98, 8.0
LOWS, RATIOS = (40, 140), (1.5, 3.0)  # thresholds of the edges; most people leave them at 100 and 200
PART = 16


def placed(picture: Picture, rng: np.random.Generator) -> Picture:
    """A thing alone of any size, anywhere, more tilted than people draw it; other pictures as they are."""
    if picture.kind != "single":
        return picture
    (part,) = picture.parts
    scale = float(rng.uniform(SMALLEST, LARGEST))
    x, y = 0.5 + rng.uniform(-0.5, 0.5, 2) * (1 - scale)
    tilt = float(rng.normal() * TILT)
    return replace(picture, parts=(replace(part, x=float(x), y=float(y), scale=scale, tilt=tilt, size=None),))


def edges_of(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Edges of uint8 [H, W, 3], with thresholds as people may set them; the usual ones half of the time."""
    if rng.random() < 0.5:
        return canny(pixels)
    low = rng.uniform(*LOWS)
    return canny(pixels, round(low), round(low * rng.uniform(*RATIOS)))


def wording(picture: Picture, rng: np.random.Generator) -> str:
    """What is said of a picture: nothing, its style and ground alone, or all."""
    if rng.random() < WORDLESS_SHARE:
        return ""
    if picture.ground is not None and rng.random() < UNNAMED_SHARE:
        return f"{rng.choice(STYLE_WORDS[picture.style])} on a {picture.ground} background"
    return sentence(picture, rng, empty=0)


class EdgePool:
    """Latents, edges and contents of `rows` pictures, as large as `codec` was made for; `renew` replaces some."""

    def __init__(self, chooser: Chooser, painter: Painter, codec: AutoencoderKL, rows: int, seed: int) -> None:
        self.chooser, self.painter, self.codec = chooser, painter, codec
        self.rng = np.random.default_rng(seed)
        side, levels = codec.config["sample_size"], len(codec.config["block_out_channels"])
        small = side // 2 ** (levels - 1)
        self.latents = torch.zeros(rows, codec.config["latent_channels"], small, small)
        self.edges = np.zeros((rows, side, side), np.uint8)
        self.pictures: list[Picture] = [Picture("flat")] * rows
        for part in np.array_split(np.arange(rows), max(1, rows // PART)):
            self.encode(part)

    def __len__(self) -> int:
        return len(self.pictures)

    def renew(self, count: int) -> None:
        self.encode(self.rng.choice(len(self), count, replace=False))

    def encode(self, rows: NDArray[np.int64]) -> None:
        painted = []
        for row in rows:
            pixels, _, self.pictures[row] = self.painter.paint(
                placed(self.chooser.picture(self.rng), self.rng), self.rng
            )
            painted.append(pixels)
        pictures = resized(np.stack(painted), self.edges.shape[1])
        self.latents[torch.from_numpy(rows)] = encode(self.codec, pictures)
        for row, pixels in zip(rows, pictures, strict=True):
            self.edges[row] = edges_of(pixels, self.rng)

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, list[str]]:
        """Latents [size, C, h, w], edges [size, 3, H, W] in 0..1 and words of random pictures."""
        rows = rng.integers(0, len(self), size)
        edges = torch.from_numpy(self.edges[rows]).float()[:, None].expand(-1, 3, -1, -1) / 255
        return self.latents[torch.from_numpy(rows)], edges, [wording(self.pictures[row], rng) for row in rows]
