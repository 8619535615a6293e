"""Frames in the colours of a first frame, of a picture, or of the clip they are drawn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.film.job.frame_file import read_frame
from tests.support.films import write_film
from tests.support.stubfilm import StubExecutor, film_request, made

RED = (230, 20, 40)


@pytest.fixture
def drawn(tmp_path: Path) -> Any:
    """Draws a film and gives its frames."""
    clip = write_film(tmp_path / "clip.mp4", 4)
    Image.new("RGB", (32, 32), RED).save(tmp_path / "red.png")
    of_clip = {"animation_mode": "Video Input", "video_init_path": str(clip)}

    def film(coherence: str, clip: bool = True, **fields: Any) -> list[np.ndarray]:
        asked = {"animation_prompts": "a", "max_frames": 4, "diffusion_cadence": 1, "strength_schedule": "0:(0.9)"}
        asked |= of_clip if clip else {}
        asked |= {"color_image": str(tmp_path / "red.png")} if coherence == "Image" else {}
        out = tmp_path / f"{coherence} {clip} {fields}"
        made(out, film_request("animate", **asked | fields, color_coherence=coherence, seed=20), StubExecutor())
        return [read_frame(path) for path in sorted((out / "frames").glob("*.png"))]

    return film


@pytest.mark.parametrize("clip", [True, False], ids=["a clip", "a moved picture"])
def test_the_colours_of_a_picture_are_those_of_every_frame(drawn: Any, clip: bool) -> None:
    frames = drawn("Image", clip)
    assert len(frames) == 4
    for frame in frames:
        assert np.abs(frame.reshape(-1, 3).mean(0) - RED).max() < 1


@pytest.mark.parametrize("clip", [True, False], ids=["a clip", "a moved picture"])
def test_the_colours_of_the_first_frame_are_kept(drawn: Any, clip: bool) -> None:
    """In RGB every channel has the histogram of the first: the same mean, whatever was drawn."""
    free, kept = drawn("None", clip), drawn("RGB", clip)
    assert np.array_equal(free[0], kept[0])
    first = np.sort(kept[0].reshape(-1, 3), axis=0).astype(int)
    for frame in kept[1:]:
        assert np.abs(np.sort(frame.reshape(-1, 3), axis=0) - first).mean() < 2
    assert not any(np.array_equal(one, other) for one, other in zip(free[1:], kept[1:], strict=True))


def test_a_strength_of_nothing_matches_nothing(drawn: Any) -> None:
    free, weak = drawn("None"), drawn("Image", color_strength_schedule="0:(0)")
    assert all(np.array_equal(one, other) for one, other in zip(free, weak, strict=True))


def test_the_colours_of_the_clip_are_followed(drawn: Any) -> None:
    free, followed = drawn("None"), drawn("Video Input")
    assert not any(np.array_equal(one, other) for one, other in zip(free, followed, strict=True))
