"""How well pictures follow a control image: their edges held against its edges, with and without the ControlNet."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from sdplay.images.canny import canny
from sdplay.library.card import shipped_cards
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio

SIDE = shipped_cards()["builtin"].size
NEAR = SIDE // 64  # pixels; an edge counts as found where one is as near as that
PROMPTS = (
    "a red apple, 3d render",
    "a pizza, cartoon",
    "flat icon of a green leaf",
    "a cat, cartoon, on a blue background",
)
SEED = 3


def polygon(corners: int, inner: float) -> list[tuple[float, float]]:
    """The corners of a star with rays, or of a regular polygon where `inner` is 1, in −1..1."""
    turns = [(i / (2 * corners), 1.0 if i % 2 == 0 else inner) for i in range(2 * corners)]
    return [(r * math.sin(2 * math.pi * t), -r * math.cos(2 * math.pi * t)) for t, r in turns if inner < 1 or r == 1]


def heart() -> list[tuple[float, float]]:
    angles = [2 * math.pi * i / 200 for i in range(200)]
    height = (13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a) for a in angles)
    return [(math.sin(a) ** 3, -h / 16) for a, h in zip(angles, height, strict=True)]


SHAPES = {  # outline, middle and half a side in shares of the picture
    "heart": (heart(), (0.5, 0.5), 0.4),
    "disc at the lower left": (polygon(60, 1), (0.3, 0.68), 0.24),
    "star": (polygon(5, 0.45), (0.5, 0.52), 0.44),
    "triangle": (polygon(3, 1), (0.5, 0.58), 0.44),
    "hexagon at the right": (polygon(6, 1), (0.68, 0.5), 0.28),
    "small heart above": (heart(), (0.45, 0.33), 0.24),
}


def shape(name: str) -> Image.Image:
    """A gray shape on white; nothing of the kind was in the training."""
    outline, (x, y), half = SHAPES[name]
    image = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(image).polygon([((x + half * u) * SIDE, (y + half * v) * SIDE) for u, v in outline], fill="gray")
    return image


def agreement(edges: NDArray[np.uint8], others: NDArray[np.uint8], near: int = NEAR) -> float:
    """F1 of two maps of edges, uint8 [H, W]: the harmonic mean of the shares of each that lie `near` the other."""

    def wide(values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return np.asarray(Image.fromarray(values).filter(ImageFilter.MaxFilter(2 * near + 1))) > 0

    if not edges.any() or not others.any():
        return 0.0
    precision, recall = wide(edges)[others > 0].mean(), wide(others)[edges > 0].mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def scores(
    studio: Studio, scales: Sequence[float], names: Sequence[str], folder: Path
) -> Iterator[tuple[float, float]]:
    """(scale, agreement) of a picture of every shape and prompt at every scale."""
    for name in names:
        image = shape(name)
        path = folder / f"{name}.png"
        image.save(path)
        wanted = canny(np.asarray(image))
        for prompt in PROMPTS:
            for scale in scales:
                asked = make_request(Txt2Img, prompt=prompt, seed=SEED, control_image=str(path), control_scale=scale)
                yield scale, agreement(wanted, canny(studio.draw(asked)[0].pixels))


def main() -> None:
    """Print the mean agreement at scales 0, 0.5 and 1."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found: dict[float, list[float]] = {}
    with Studio() as studio, TemporaryDirectory() as folder:
        for scale, value in scores(studio, (0.0, 0.5, 1.0), tuple(SHAPES), Path(folder)):
            found.setdefault(scale, []).append(value)
    for scale, values in found.items():
        print(f"scale {scale:g}: F1 {np.mean(values):.2f} over {len(values)} pictures, {min(values):.2f} at least")


if __name__ == "__main__":
    main()
