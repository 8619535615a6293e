"""A little art of our own for the tests of the training code: shapes under labels that emojibase has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.art import SIZE, STYLES, Drawing

COLOURS = {"red apple": (220, 40, 50), "banana": (240, 210, 60), "house": (150, 110, 80), "dog face": (170, 120, 60)}
GROUPS = {"red apple": "food-drink", "banana": "food-drink", "house": "travel-places", "dog face": "animals-nature"}
EMOJI = {"red apple": "🍎", "banana": "🍌", "house": "🏠", "dog face": "🐶"}


def disc(rgb: tuple[int, int, int], radius: float = 0.4) -> NDArray[np.uint8]:
    """A premultiplied disc in the middle of a transparent picture, its right half darker."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    cover = np.clip((radius - np.hypot(x, y)) * SIZE + 0.5, 0, 1)[..., None]
    lit = np.where(x > 0, 0.7, 1.0)[..., None]
    return np.concatenate([np.array(rgb) * lit * cover, 255 * cover], -1).round().astype(np.uint8)


def art() -> tuple[NDArray[np.uint8], list[Drawing]]:
    """Four things in three styles, and a second drawing of the dog."""
    rows = [
        (label, style, radius) for label in COLOURS for style, radius in zip(STYLES, (0.4, 0.36, 0.32), strict=True)
    ]
    pixels = [disc(COLOURS[label], radius) for label, _, radius in rows]
    drawings = [Drawing(label, style, GROUPS[label], ("tag",), 0, EMOJI[label]) for label, style, _ in rows]
    pixels.append(disc((90, 60, 40), 0.3))
    drawings.append(Drawing("dog", "cartoon", "animals-nature", (), 0, "🐕"))
    return np.stack(pixels), drawings


def save(work: Path) -> None:
    """The art as `training.art` leaves it in a work folder."""
    import json
    from dataclasses import asdict

    pixels, drawings = art()
    np.save(work / "art.npy", pixels)
    (work / "art.json").write_text(json.dumps([asdict(drawing) for drawing in drawings]))
