"""The preview can be watched before it is finished."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import av
import numpy as np
import pytest

from sdplay.core.errors import StoreError
from sdplay.film.video.preview import PreviewWriter
from tests.support import child
from tests.support.films import FPS, decoded, psnr, smooth_film
from tests.support.patience import PATIENCE


def test_it_is_readable_at_every_moment_and_whole_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "preview.mp4"
    with PreviewWriter(path, FPS) as preview:
        for count, pixels in enumerate(smooth_film(50), start=1):
            preview.add(pixels)
            if count > 15 and count % 8 == 0:
                assert len(decoded(path)) >= (count - 1) // 15 * 15
    seen = decoded(path)
    assert len(seen) == 50
    assert min(psnr(one, other) for one, other in zip(seen, smooth_film(50), strict=True)) > 30


KILLED = """
import signal, sys
from pathlib import Path
from sdplay.film.video.preview import PreviewWriter
from tests.support.films import FPS, smooth_film
with PreviewWriter(Path(sys.argv[1]), FPS) as preview:
    for pixels in smooth_film(50):
        preview.add(pixels)
    print("drawn", flush=True)
    signal.pause()
"""


def test_it_survives_a_kill(tmp_path: Path) -> None:
    process = child.start(KILLED, tmp_path / "preview.mp4")
    assert process.stdout is not None
    said = process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    _, trouble = process.communicate(timeout=PATIENCE)
    assert said == "drawn\n", trouble
    assert len(decoded(tmp_path / "preview.mp4")) >= 45


@pytest.mark.parametrize(
    ("drawn", "stored"), [((64, 48), (64, 48)), ((65, 49), (66, 50)), ((1024, 768), (512, 384)), ((700, 11), (512, 8))]
)
def test_it_is_at_most_512_pixels_wide(tmp_path: Path, drawn: tuple[int, int], stored: tuple[int, int]) -> None:
    with PreviewWriter(tmp_path / "preview.mp4", FPS) as preview:
        preview.add(next(smooth_film(1, *drawn)))
    assert decoded(tmp_path / "preview.mp4")[0].shape[1::-1] == stored


def test_an_error_leaves_what_there_is(tmp_path: Path) -> None:
    def fail() -> None:
        with PreviewWriter(tmp_path / "preview.mp4", FPS) as preview:
            for pixels in smooth_film(20):
                preview.add(pixels)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(decoded(tmp_path / "preview.mp4")) == 20


def test_one_without_frames_is_no_trouble_and_no_file(tmp_path: Path) -> None:
    with PreviewWriter(tmp_path / "preview.mp4", FPS):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError), PreviewWriter(tmp_path / "nowhere" / "preview.mp4", FPS) as preview:
        preview.add(np.zeros((64, 64, 3), np.uint8))


def test_its_colours_say_what_they_are(tmp_path: Path) -> None:
    with PreviewWriter(tmp_path / "preview.mp4", FPS) as preview:
        preview.add(next(smooth_film(1)))
    with av.open(str(tmp_path / "preview.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.format.name, frame.colorspace, frame.color_range) == ("yuv420p", 1, 1)
