"""Views of the source art for the judge: moved, recoloured, on plain backgrounds, and worn as drawn pictures are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from training.art import STYLES, Concept, load_art, read_concepts
from training.codec import compose
from training.colours import BACKGROUNDS, OBJECT_COLOURS, jitter, recolour

SIDE = 64
HEADS = ("concept", "style", "background", "colour")
UNKNOWN = -1
WHITE_SHARE, RECOLOURED_SHARE = 0.3, 0.5

Labels = dict[str, list[str]]


def held_out(concept: int, other: int) -> bool:
    """Whether a pair of a concept with a background or colour is kept from training."""
    return (concept * 7 + other * 3) % 5 == 0


@dataclass(slots=True)
class Gallery:
    """The source art as views with labels; `side` is its resolution."""

    concepts: list[Concept]
    art: NDArray[np.uint8]

    @classmethod
    def load(cls, work: Path, side: int = SIDE) -> Gallery:
        art, drawings = load_art(work)
        rows = {(d.label, d.style): i for i, d in enumerate(drawings)}
        concepts = read_concepts(later=True)
        chosen = np.stack([art[rows[c.label, s]] for c in concepts for s in STYLES])
        factor = chosen.shape[1] // side
        blocks = chosen.reshape(len(chosen), side, factor, side, factor, 4)
        return cls(concepts, np.rint(blocks.mean((2, 4), dtype=np.float32)).astype(np.uint8))

    def labels(self) -> Labels:
        names = ([c.name for c in self.concepts], list(STYLES), list(BACKGROUNDS), list(OBJECT_COLOURS))
        return dict(zip(HEADS, names, strict=True))

    def view(self, rng: np.random.Generator, held: bool) -> tuple[NDArray[np.uint8], tuple[int, int, int], list[int]]:
        """A drawing at random, perhaps in another colour, its background, and its label for each head."""
        row = int(rng.integers(len(self.art)))
        concept, style = divmod(row, len(STYLES))
        own, drawing, colour = self.concepts[concept].colour, self.art[row], UNKNOWN
        if own is not None and rng.random() < RECOLOURED_SHARE:
            free = [k for k in range(len(OBJECT_COLOURS)) if held_out(concept, k) == held]
            colour = int(rng.choice(free))
            drawing = recolour(drawing, own, list(OBJECT_COLOURS)[colour])
        names = list(BACKGROUNDS)
        taken = names.index(list(OBJECT_COLOURS)[colour]) if colour != UNKNOWN else None
        free = [k for k in range(len(names)) if held_out(concept, k) == held and k != taken]
        background = 0 if 0 in free and rng.random() < WHITE_SHARE else int(rng.choice(free))
        return drawing, jitter(names[background], rng), [concept, style, background, colour]

    def batch(self, size: int, rng: np.random.Generator, *, held: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
        """Moved, turned and mirrored views over plain backgrounds: pixels in -1..1, and labels by head."""
        drawings, grounds, rows = zip(*(self.view(rng, held) for _ in range(size)), strict=True)
        art = moved(np.stack(drawings), rng)
        plain = torch.tensor(grounds, dtype=torch.float32).reshape(size, 3, 1, 1) / 255
        labels = torch.tensor(rows).unbind(1)
        return compose(art, plain), dict(zip(HEADS, labels, strict=True))


def moved(art: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Shifted by up to 6 of 128 px, scaled by 0.85 to 1.15, turned by up to 8 degrees, half of them mirrored."""
    count = len(art)
    angle = np.radians(rng.uniform(-8, 8, count))
    scale = 1 / rng.uniform(0.85, 1.15, count)
    mirror = rng.choice([-1.0, 1.0], count)
    shift = rng.uniform(-12 / 128, 12 / 128, (2, count))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    theta = np.stack([cos * mirror, -sin, shift[0], sin * mirror, cos, shift[1]], 1).reshape(count, 2, 3)
    pixels = torch.from_numpy(art).permute(0, 3, 1, 2).float()
    grid = F.affine_grid(torch.from_numpy(theta.astype(np.float32)), list(pixels.shape), align_corners=False)
    turned = F.grid_sample(pixels, grid, align_corners=False)
    return turned.round().byte().permute(0, 2, 3, 1).numpy()


def worn(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """What a codec and a denoiser do to pictures: softer, lighter or darker, blotched, noisy."""
    parts = []
    for part in pixels.chunk(4):
        soft = float(rng.uniform(0.35, 1.0))
        if rng.random() < 0.7:
            part = F.interpolate(part, scale_factor=soft, mode="bilinear", antialias=True)
            part = F.interpolate(part, size=pixels.shape[-2:], mode="bilinear")
        parts.append(part)
    count = len(pixels)
    contrast = torch.from_numpy(rng.uniform(0.8, 1.2, (count, 1, 1, 1)).astype(np.float32))
    light = 0.05 * torch.from_numpy(rng.standard_normal((count, 3, 1, 1), np.float32))
    patches = 0.06 * torch.from_numpy(rng.standard_normal((count, 3, 8, 8), np.float32))
    grain = 0.03 * torch.from_numpy(rng.standard_normal(tuple(pixels.shape), np.float32))
    patches = F.interpolate(patches, size=pixels.shape[-2:], mode="bilinear")
    return (torch.cat(parts) * contrast + light + patches + grain).clamp(-1, 1)
