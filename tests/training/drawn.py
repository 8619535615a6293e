"""A little art of our own for the tests of the training code: shapes under labels that emojibase has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.art import SIZE, STYLES, Drawing

COLOURS = {"red apple": (220, 40, 50), "banana": (240, 210, 60), "house": (150, 110, 80), "dog face": (170, 120, 60)}
GROUPS = {"red apple": "food-drink", "banana": "food-drink", "house": "travel-places", "dog face": "animals-nature"}
EMOJI = {"red apple": "🍎", "banana": "🍌", "house": "🏠", "dog face": "🐶"}


SHAPES = ("disc", "bar", "square", "ring")


def shape(kind: str, rgb: tuple[int, int, int], style: str) -> NDArray[np.uint8]:
    """A premultiplied shape on a transparent picture; each style darkens another part of it."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    far, wide = np.hypot(x, y), np.maximum(np.abs(x), np.abs(y))
    inside = {
        "disc": far < 0.4,
        "bar": (np.abs(x) < 0.16) & (np.abs(y) < 0.42),
        "square": wide < 0.36,
        "ring": (far < 0.42) & (far > 0.24),
    }[kind]
    dark = {"3d": x > 0, "flat": y * SIZE % 16 < 6, "cartoon": np.zeros_like(inside)}[style]
    cover = inside.astype(np.float64)[..., None]
    lit = np.where(dark, 0.7, 1.0)[..., None]
    return np.concatenate([np.array(rgb) * lit * cover, 255 * cover], -1).round().astype(np.uint8)


def art() -> tuple[NDArray[np.uint8], list[Drawing]]:
    """Four things in three styles, and a second drawing of the dog."""
    pixels: list[NDArray[np.uint8]] = []
    drawings: list[Drawing] = []
    for kind, (label, rgb) in zip(SHAPES, COLOURS.items(), strict=True):
        for style in STYLES:
            pixels.append(shape(kind, rgb, style))
            drawings.append(Drawing(label, style, GROUPS[label], ("tag",), 0, EMOJI[label]))
    pixels.append(shape("ring", (90, 60, 40), "cartoon"))
    drawings.append(Drawing("dog", "cartoon", "animals-nature", (), 0, "🐕"))
    return np.stack(pixels), drawings


def save(work: Path) -> None:
    """The art as `training.art` leaves it in a work folder."""
    import json
    from dataclasses import asdict

    pixels, drawings = art()
    np.save(work / "art.npy", pixels)
    (work / "art.json").write_text(json.dumps([asdict(drawing) for drawing in drawings]))
