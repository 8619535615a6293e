"""Views of the source art for the judge: things alone or in scenes, recoloured, and worn as drawn pictures are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from training.art import STYLES
from training.colours import BACKGROUNDS, OBJECT_COLOURS
from training.pictures import Chooser, Painter, Picture, load
from training.scenes import CALM, DAY, NIGHT, PAINTERS, RAIN, SNOWFALL, SUN, SUNSET, TIMELESS

SIDE = 64
HEADS = ("concept", "style", "background", "colour", "scene", "time", "weather")
UNKNOWN = -1
SCENE_SHARE, EMPTY_SHARE = 0.25, 0.04
TIMES, WEATHERS = (DAY, SUNSET, NIGHT), (CALM, SUN, RAIN, SNOWFALL)

Labels = dict[str, list[str]]
View = tuple[NDArray[np.uint8], list[int]]


def held_out(concept: int, other: int) -> bool:
    """Whether a pair of a concept with a background, colour or scene is kept from training."""
    return (concept * 7 + other * 3) % 5 == 0


@dataclass(slots=True)
class Gallery:
    """Composed pictures of the source art with labels, `side` pixels wide.

    `renewed` of them are painted for each batch; the others come from the last `kept` ones.
    """

    chooser: Chooser
    painter: Painter
    side: int = SIDE
    kept: int = 16384
    renewed: int = 5
    scenes: float = SCENE_SHARE
    ring: dict[bool, list[View]] = field(default_factory=dict)
    made: int = 0

    @classmethod
    def load(cls, work: Path, side: int = SIDE) -> Gallery:
        chooser, painter, _ = load(work)
        return cls(chooser, painter, side)

    def labels(self) -> Labels:
        things = [thing.name for thing in self.chooser.things]
        names = (things, STYLES, BACKGROUNDS, OBJECT_COLOURS, PAINTERS, TIMES, WEATHERS)
        return {head: list(words) for head, words in zip(HEADS, names, strict=True)}

    def answers(self, picture: Picture) -> list[int]:
        """The number of the right name for each head, UNKNOWN where the picture has none."""
        part, scene = picture.parts[0] if picture.parts else None, picture.scene
        timed = scene is not None and scene.kind not in TIMELESS
        return [
            part.thing.rank if part else UNKNOWN,
            STYLES.index(picture.style),
            list(BACKGROUNDS).index(picture.ground) if picture.ground else UNKNOWN,
            list(OBJECT_COLOURS).index(part.colour) if part and part.colour else UNKNOWN,
            list(PAINTERS).index(scene.kind) if scene else UNKNOWN,
            TIMES.index(scene.time) if scene and timed else UNKNOWN,
            WEATHERS.index(scene.weather) if scene and timed else UNKNOWN,
        ]

    def chosen(self, rng: np.random.Generator, held: bool) -> Picture:
        """A picture of one thing or none whose pairs of thing and background, colour, scene are held out or not."""
        while True:
            u = rng.random()
            kind = "single" if u >= self.scenes else "empty scene" if u < EMPTY_SHARE else "scene"
            picture = self.chooser.picture(rng, kind)
            concept, _, background, colour, scene, *_ = self.answers(picture)
            others = [other for other in (background, colour, scene) if other != UNKNOWN]
            if len(picture.parts) > 1:
                continue
            if concept == UNKNOWN or all(held_out(concept, other) == held for other in others):
                return picture

    def view(self, rng: np.random.Generator, held: bool) -> View:
        picture = self.chosen(rng, held)
        pixels, _, shown = self.painter.paint(picture, rng)
        small = Image.fromarray(pixels).resize((self.side, self.side), Image.Resampling.BOX)
        return np.asarray(small), self.answers(shown)

    def batch(self, size: int, rng: np.random.Generator, *, held: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
        """Pixels in -1..1 [size, 3, side, side], and labels by head; a part of them painted for this batch."""
        ring = self.ring.setdefault(held, [])
        for _ in range(max(size - len(ring), self.renewed)):
            view = self.view(rng, held)
            if len(ring) < self.kept:
                ring.append(view)
            else:
                ring[self.made % self.kept] = view
            self.made += 1
        rows = rng.choice(len(ring), size, replace=False)
        pixels = torch.from_numpy(np.stack([ring[int(row)][0] for row in rows])).permute(0, 3, 1, 2)
        labels = torch.tensor([ring[int(row)][1] for row in rows]).unbind(1)
        clean = (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        return clean, dict(zip(HEADS, labels, strict=True))


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
