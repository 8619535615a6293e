"""The ControlNet of the built-in model: an ordinary folder, small, and seen to do its work."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sdplay.core.sample import Noise
from sdplay.images.read import png
from sdplay.library.card import MODELS
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.sampling.noise import seed_noise
from sdplay.studio import Studio
from tests.support.builtin import SIDE, latents_shape
from training.control_score import NEAR, agreement, scores, shape

FOLDER = MODELS / "addons" / "controlnet" / "builtin-canny"
MOST_BYTES = 6_000_000


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MOST_BYTES


def test_stock_diffusers_draws_with_it_what_is_drawn_here(builtin: Path, tmp_path: Path) -> None:
    from diffusers import ControlNetModel, EulerDiscreteScheduler, StableDiffusionControlNetPipeline

    from sdplay.images.canny import canny_of_input
    from sdplay.images.read import read_image

    shape("heart").save(tmp_path / "heart.png")
    edges = canny_of_input(read_image(tmp_path / "heart.png"), 100, 200)
    (tmp_path / "edges.png").write_bytes(png(edges))
    asked = {"seed": 3, "steps": 4, "device": "cpu", "precision": "float32"}
    with Studio() as studio:
        (ours,) = studio.draw(
            make_request(Txt2Img, prompt="a red apple, 3d render", control_image=str(tmp_path / "edges.png"), **asked)
        )
    network, found = ControlNetModel.from_pretrained(FOLDER, local_files_only=True, output_loading_info=True)
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        builtin, controlnet=network, safety_checker=None, local_files_only=True
    )
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    pipeline.set_progress_bar_config(disable=True)
    drawn = pipeline(
        "a red apple, 3d render",
        image=Image.fromarray(edges),
        latents=seed_noise(Noise(seed=3), latents_shape())[None],
        num_inference_steps=4,
        guidance_scale=3.0,
        height=SIDE,
        width=SIDE,
        output_type="np",
    ).images[0]
    assert abs(drawn * 255 - ours.pixels).max() <= 1.01  # one level, where a half was rounded


def test_it_is_seen_to_do_its_work(tmp_path: Path) -> None:
    """Pictures follow the edges of shapes that were never in its training, and without it they do not."""
    with Studio() as studio:
        found = list(scores(studio, (0.0, 1.0), ("heart",), tmp_path))
    without = [value for scale, value in found if scale == 0]
    followed = [value for scale, value in found if scale == 1]
    assert min(followed) > 0.7
    assert sum(without) / len(without) < 0.6


def test_agreement_is_whole_for_the_same_edges_and_none_for_edges_elsewhere() -> None:
    import numpy as np

    edges, other = np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.uint8)
    edges[5], other[7] = 255, 255
    assert agreement(edges, edges) == agreement(edges, other) == 1.0
    assert agreement(edges, np.roll(other, 9, axis=0)) == 0.0
    assert agreement(edges, np.zeros_like(edges)) == 0.0
    half = edges.copy()
    half[:, 16:] = 0
    assert agreement(edges, half) == pytest.approx(2 * (16 + NEAR) / 32 / ((16 + NEAR) / 32 + 1))
