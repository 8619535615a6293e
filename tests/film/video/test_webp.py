"""An animated WebP, which is what this program itself writes, as a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.index import probe


def animation(path: Path, count: int = 5, duration: int = 80) -> list[np.ndarray]:
    """An animated WebP of noise at `path`, without loss; its frames."""
    frames = list(np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), np.uint8))
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others, duration=duration, lossless=True)
    return frames


def test_its_frames_and_pace_are_read_to_the_bit(tmp_path: Path) -> None:
    frames = animation(tmp_path / "x.webp")
    facts = probe(tmp_path / "x.webp")
    assert (facts.width, facts.height, facts.frames, float(facts.fps)) == (64, 48, 5, 12.5)
    with ClipReader(tmp_path / "x.webp") as clip:
        assert [np.array_equal(clip.frame(i), frames[i]) for i in (0, 4, 2, 1, 3)] == [True] * 5
    with ClipReader(tmp_path / "x.webp", start=1, every=2) as clip:
        assert np.array_equal(clip.frame(1), frames[3])


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.webp"
    animation(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadRequest, match="of no kind that can be read") as caught:
        probe(path)
    assert caught.value.field == "video_init_path"
