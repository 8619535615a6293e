"""A picture and a mask to draw from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

STRENGTH = 0.75


def write_given(folder: Path, side: int) -> dict[str, dict[str, Any]]:
    """Write a picture of soft colours and a mask of its middle, and return what img2img and inpaint are given."""
    folder.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(3).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    picture, hole = folder / f"picture-{side}.png", folder / f"mask-{side}.png"
    Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(picture)
    mask = Image.new("L", (side, side))
    mask.paste(255, (side // 4, side // 4, side * 3 // 4, side * 3 // 4))
    mask.save(hole)
    image = {"image": str(picture), "strength": STRENGTH}
    return {"img2img": image, "inpaint": image | {"mask": str(hole), "mask_blur": 0.0}}
