"""Pictures as clients of A1111 send and get them, and what our own command line draws for the same request."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sdplay.executors.fake import FakeExecutor
from sdplay.images.picture import pixel_digest
from sdplay.images.write import own_chunk, parse_chunk
from sdplay.studio import Studio
from tests.support.given import photo


@dataclass(frozen=True, slots=True)
class Told:
    """What counts of a picture: its recipe and which picture of it this is, and its pixels."""

    recipe: str
    seed: int
    pixels: str


def told(image: Image.Image) -> Told:
    """What a picture of ours says, and what it shows."""
    embedded = parse_chunk(own_chunk(image) or "")
    seed = embedded.recipe.seed + embedded.index
    return Told(embedded.recipe.digest, seed, pixel_digest(np.asarray(image.convert("RGB"))))


def drawn_here(prompt: str, **fields: Any) -> list[Told]:
    """The same, of what `sdplay.draw` would draw without the service."""
    with Studio(FakeExecutor()) as studio:
        pictures = studio.draw(prompt, **fields)
    return [Told(picture.recipe.digest, picture.seed, picture.digest) for picture in pictures]


def opened(images: Sequence[str]) -> list[Image.Image]:
    """The pictures in base64 of an answer."""
    return [Image.open(io.BytesIO(base64.b64decode(each, validate=True))) for each in images]


def in_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def photograph(folder: Path, size: tuple[int, int] = (64, 64)) -> Image.Image:
    with Image.open(photo(folder / "photo.png", size)) as image:
        image.load()
        return image


def white_box(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """A mask."""
    image = Image.new("L", size)
    image.paste(255, box)
    return image
