"""The moves of a camera, small: each as in the full film, only smaller."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.render.preview_motion import camera_card, moved_alone, small_moves
from sdplay.film.request_animate import Animate
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from tests.support.recipes import MACHINE, MODEL

FLAT = {"angle": "0:(2)", "zoom": "0:(1.01)", "translation_x": "0:(4)", "translation_y": "0:(-2)"}
DEEP = {"animation_mode": "3D", "translation_z": "0:(3)", "translation_x": "0:(4)", "rotation_3d_y": "0:(0.4)"}


def recipe(**fields: Any) -> Recipe:
    asked = {"animation_prompts": "-", "max_frames": 20, "width": 256, "height": 192, **fields}
    return resolve_request(make_request(Animate, **asked), MODEL, MACHINE, 7)


def pixels(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"), np.float32)


@pytest.mark.parametrize("fields", [FLAT, DEEP])
def test_small_frames_show_the_moves_of_the_large_ones(fields: dict[str, Any]) -> None:
    of = recipe(**fields)
    small = dict(small_moves(of, None, range(20), 128))
    large = list(moved_alone(AnimationPlan(of), camera_card(256, 192)))
    for index in (0, 7, 19):
        shrunk = np.asarray(Image.fromarray(large[index]).resize((128, 96), Image.Resampling.BOX), np.float32)
        off, still = (np.abs(pixels(small[at]) - shrunk).mean() for at in (index, 0))
        assert off < 14
        assert index == 0 or off < still / 2


def test_only_the_frames_that_are_asked_for_and_as_in_the_whole() -> None:
    of = recipe(**FLAT)
    whole, part = (dict(small_moves(of, None, frames, 64)) for frames in (range(20), range(5, 9)))
    assert part == {index: whole[index] for index in range(5, 9)}


def test_a_picture_in_place_of_the_card(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (200, 30, 30)).save(tmp_path / "a.png")
    ((_, first),) = small_moves(recipe(), tmp_path / "a.png", range(1), 64)
    assert pixels(first).shape == (48, 64, 3)
    assert np.abs(pixels(first).mean((0, 1)) - (200, 30, 30)).max() < 6


def test_no_camera_moves_in_a_clip_redrawn() -> None:
    with pytest.raises(BadRequest, match="no camera moves"):
        next(small_moves(recipe(animation_mode="Video Input", max_frames=2), None, range(1), 64))
