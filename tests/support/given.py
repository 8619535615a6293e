"""Pictures and masks to start from, and requests on them with the numerics a test wants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sdplay.core.machine import Machine
from sdplay.events import ImageDone
from sdplay.images.inputs import input_assets
from sdplay.library.resolve import resolve
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.resolve import resolve_request
from sdplay.studio import ResolvedRequest, Studio
from tests.support.drawing import DEFAULTS


def photo(path: Path, size: tuple[int, int] = (64, 64), seed: int = 3) -> Path:
    """Soft colours with some grain, as a photograph has; the same for the same size and seed."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = random.integers(-9, 10, (size[1], size[0], 3))
    Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(path)
    return path


def mask(path: Path, size: tuple[int, int], box: tuple[int, int, int, int]) -> Path:
    """White in `box` (left, top, right, bottom), black elsewhere."""
    image = Image.new("L", size)
    image.paste(255, box)
    image.save(path)
    return path


def settled_on(
    folder: Path, kind: type[Img2Img] | type[Inpaint], *, dtype: str = "float32", tile: int = 1, **fields: Any
) -> ResolvedRequest:
    """A request of `kind` on the model in `folder`, in these numerics on one thread."""
    model = resolve(str(folder))
    asked = {"prompt": "a red apple", "model": str(folder), **DEFAULTS, **fields}
    request = make_request(
        kind, **{name: str(value) if isinstance(value, Path) else value for name, value in asked.items()}
    )
    machine = Machine(device="cpu", dtype=dtype, threads=1)
    recipe = resolve_request(request, model, machine, new_seed=0, assets=input_assets(request))
    recipe = replace(recipe, numerics=replace(recipe.numerics, tile=tile))
    return ResolvedRequest(recipe=recipe, model=model, device="cpu")


def drawn(studio: Studio, what: ResolvedRequest, index: int = 0) -> np.ndarray:
    """The pixels of picture `index`."""
    (picture,) = [event.picture for event in studio.run(what, [index]) if isinstance(event, ImageDone)]
    return picture.pixels


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
