"""The canvas shapes masks and frames them exactly as the server does."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdplay.core.sample import FromImage, ImageAsset, Repaint
from sdplay.images.mask import Mask, bounding_box, shaped
from sdplay.images.picture import pixel_digest
from sdplay.images.read import png
from sdplay.pipeline.crop_plan import inpaint_masks, plan_crop

NODE = shutil.which("node")
SHOWN = Path(__file__).parent / "shown_masks.mjs"
SIZE = (83, 61)  # odd, so that edges count

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not there")


def by_the_page(cases: list[dict[str, Any]]) -> list[Any]:
    """What the page's own modules make of `cases`."""
    assert NODE is not None
    done = subprocess.run([NODE, str(SHOWN)], input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def masks() -> list[Mask]:
    """A block, noise, a soft slope, and dots at the edges."""
    random = np.random.default_rng(7)
    width, height = SIZE
    block, dots = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    block[20:40, 30:50] = 255
    dots[0, 0] = dots[-1, -1] = dots[30, 0] = 255
    noise = random.integers(0, 256, (height, width), np.uint8)
    slope = np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width)).copy()
    return [block, dots, noise, slope]


@pytest.mark.parametrize("blur", [0, 0.3, 1, 2.5, 4, 9.7, 64, 256])
@pytest.mark.parametrize(("grow", "invert"), [(0, False), (5, False), (-4, True), (100, False)])
def test_a_mask_has_the_same_values(blur: float, grow: int, invert: bool) -> None:
    cases = [
        {"what": "shaped", "mask": mask.tolist(), "shape": {"invert": invert, "grow": grow, "blur": blur}}
        for mask in masks()
    ]
    for mask, shown in zip(masks(), by_the_page(cases), strict=True):
        assert np.array_equal(shaped(mask, invert=invert, grow=grow, blur=blur), np.array(shown, np.uint8))


@pytest.mark.parametrize("borders", [(0, 0, 0, 0), (16, 0, 0, 0), (0, 9, 24, 5)])
@pytest.mark.parametrize("blur", [0, 4, 7.5])
def test_a_frame_is_the_one_that_is_drawn(tmp_path: Path, borders: tuple[int, int, int, int], blur: float) -> None:
    width, height = SIZE
    cases: list[dict[str, Any]] = []
    wanted: list[tuple[Mask, Mask, tuple[int, int, int, int]]] = []
    pixels = np.zeros((height, width, 3), np.uint8)
    image = asset(tmp_path / "image.png", png(pixels), pixel_digest(pixels))
    for number, mask in enumerate(masks()[:2]):
        file = tmp_path / f"{number}.png"
        for padding, size, grow in [(0, (128, 128), 0), (13, (128, 64), 3), (32, (48, 96), -1)]:
            repaint = Repaint(
                mask=asset(file, png(np.stack([mask] * 3, -1)), pixel_digest(mask)),
                blur=blur,
                grow=grow,
                invert=False,
                fill="original",
                borders=borders,
                padding=padding,
            )
            paste, redraw = inpaint_masks(image, repaint)
            if bounding_box(redraw, padding) is None:
                continue
            plan = plan_crop(FromImage(image=image, strength=0.5, repaint=repaint), size)
            wanted.append((paste, redraw, plan.box))
            cases.append(
                {
                    "what": "frame",
                    "mask": mask.tolist(),
                    "shape": {"invert": False, "grow": grow, "blur": blur},
                    "borders": borders,
                    "padding": padding,
                    "size": size,
                }
            )
    assert cases
    for (paste, redraw, box), shown in zip(wanted, by_the_page(cases), strict=True):
        assert np.array_equal(paste, np.array(shown["paste"], np.uint8))
        assert np.array_equal(redraw, np.array(shown["redraw"], np.uint8))
        assert box == tuple(shown["frame"])


def asset(path: Path, content: bytes, digest: str) -> ImageAsset:
    path.write_bytes(content)
    return ImageAsset(path=str(path), digest=digest, width=SIZE[0], height=SIZE[1])
