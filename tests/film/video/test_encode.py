"""What is written: every frame, the right colours, the same bytes, whole or not at all."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from sdplay.core.errors import BadRequest, StoreError
from sdplay.film.job.encoder import pingpong
from sdplay.film.video.container import CODINGS, FilmKind, put_in_place, verify_film
from sdplay.film.video.encode import FilmWriter
from tests.support import child
from tests.support.films import FPS, decoded, psnr, smooth_film, write_film

BT709, LIMITED = 1, 1


@pytest.mark.parametrize("kind", ["mp4", "gif"])
@pytest.mark.parametrize("frames", range(1, 21))
def test_a_film_has_exactly_the_frames_that_were_added(tmp_path: Path, kind: FilmKind, frames: int) -> None:
    facts = verify_film(write_film(tmp_path / f"film.{kind}", frames, kind))
    assert facts.frames == frames
    assert (facts.width, facts.height, facts.has_sound) == (64, 64, False)
    assert facts.seconds == pytest.approx(frames / FPS, abs=0.01)


@pytest.mark.parametrize("kind", ["webm", "mkv", "apng", "webp"])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_the_other_kinds_too(tmp_path: Path, kind: FilmKind, frames: int) -> None:
    assert verify_film(write_film(tmp_path / f"film.{kind}", frames, kind)).frames == frames


@pytest.mark.parametrize("kind", ["mp4", "gif", "apng", "webm", "mkv"])
def test_frames_that_do_not_change_are_frames_all_the_same(tmp_path: Path, kind: FilmKind) -> None:
    path = tmp_path / f"film.{kind}"
    with FilmWriter(path, (64, 64), FPS, kind) as film:
        for _ in range(9):
            film.add(np.full((64, 64, 3), 90, np.uint8))
    assert verify_film(path).frames == 9


@pytest.mark.parametrize("fps", [FPS, Fraction(1), Fraction(24), Fraction(25, 2), Fraction(240)])
def test_the_pace_is_kept_exactly(tmp_path: Path, fps: Fraction) -> None:
    path = write_film(tmp_path / "film.mp4", 12, fps=fps)
    facts = verify_film(path)
    assert facts.fps == fps
    assert facts.seconds == pytest.approx(12 / fps, abs=1e-4)
    with av.open(str(path)) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert times == [i / fps for i in range(12)]


@pytest.mark.parametrize(("kind", "size"), [("mp4", (256, 256)), ("webm", (256, 256)), ("gif", (255, 255))])
def test_odd_sizes_grow_to_the_right_and_below_by_their_edge(
    tmp_path: Path, kind: FilmKind, size: tuple[int, int]
) -> None:
    path = write_film(tmp_path / "film", 2, kind, (255, 255))
    frame = decoded(path)[0]
    assert frame.shape[1::-1] == size
    if kind == "mp4":
        assert psnr(frame[:255, 255], next(smooth_film(1, 255, 255))[:, 254]) > 35


def test_mp4_looks_like_what_was_drawn(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 10, size=(128, 96))
    for seen, drawn in zip(decoded(path), smooth_film(10, 128, 96), strict=True):
        assert psnr(seen, drawn) > 35


@pytest.mark.parametrize("kind", ["mkv", "apng"])
def test_lossless_kinds_lose_nothing(tmp_path: Path, kind: FilmKind) -> None:
    path = write_film(tmp_path / f"film.{kind}", 4, kind, (33, 47))
    for seen, drawn in zip(decoded(path), smooth_film(4, 33, 47), strict=True):
        np.testing.assert_array_equal(seen, drawn)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 90, 30)])
def test_colours_are_converted_as_the_file_says(tmp_path: Path, kind: FilmKind, colour: tuple[int, int, int]) -> None:
    """By hand from ITU-R BT.709, 3.2 to 3.4: another matrix or range is off by ten levels or more."""
    path = tmp_path / "film"
    with FilmWriter(path, (64, 64), FPS, kind) as film:
        film.add(np.full((64, 64, 3), colour, np.uint8))
    red, green, blue = (value / 255 for value in colour)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name == "yuv420p"
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (
            BT709,
            LIMITED,
            BT709,
            BT709,
        )
        planes = frame.to_ndarray()
    found = [planes[:64].mean(), planes[64:80].mean(), planes[80:].mean()]
    assert found == pytest.approx(expected, abs=2)


def test_mp4_is_h264_high_and_begins_with_its_index(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 5)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].profile == "High"
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("kind", get_args(FilmKind))
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, kind: FilmKind) -> None:
    one, other = (write_film(tmp_path / f"{name}.{kind}", 6, kind).read_bytes() for name in ("one", "other"))
    assert one == other


@pytest.mark.parametrize("size", [(320, 320), (528, 512)])
def test_the_same_bytes_at_widths_and_thread_counts_where_x264_alone_gives_others(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "film.mp4"
    assert len({write_film(path, 8, size=size).read_bytes() for _ in range(4)}) == 1


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_pictures_in_motion_play_for_ever(tmp_path: Path, kind: FilmKind) -> None:
    with Image.open(write_film(tmp_path / f"film.{kind}", 5, kind, fps=Fraction(10))) as image:
        assert image.info["loop"] == 0
        shown = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            shown.append(frame.info["duration"])
    assert shown == [100] * 5


@pytest.mark.parametrize("kind", ["mp4", "webm", "mkv"])
def test_the_comment_is_kept(tmp_path: Path, kind: FilmKind) -> None:
    comment = '{"prompt": "a rød æble", "steps": 20}' * 200
    with FilmWriter(tmp_path / "film", (64, 64), FPS, kind, comment=comment) as film:
        film.add(next(smooth_film(1)))
    with av.open(str(tmp_path / "film")) as container:
        found = {name.lower(): value for name, value in container.metadata.items()}
    assert found["comment"] == comment


def test_an_unfinished_film_leaves_the_old_one_alone(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 3)
    before = path.read_bytes()

    def fail() -> None:
        with FilmWriter(path, (64, 64), FPS, "mp4") as film:
            film.add(next(smooth_film(1)))
            assert path.with_name("film.mp4.part").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]


def test_a_finished_film_replaces_the_old_one_and_what_a_killed_program_left(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 3)
    path.with_name("film.mp4.part").write_bytes(b"left over")
    write_film(path, 5)
    assert verify_film(path).frames == 5
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]


def test_a_film_without_frames_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        write_film(tmp_path / "film.mp4", 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixels", [np.zeros((64, 32, 3), np.uint8), np.zeros((64, 64, 3), np.float32)])
def test_frames_of_another_shape_or_type_are_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a frame of"), FilmWriter(tmp_path / "f", (64, 64), FPS, "mp4") as film:
        film.add(pixels)


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        write_film(tmp_path / "nowhere" / "film.mp4", 1)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        write_film(tmp_path / "film.mp4", 1)
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from sdplay.core.errors import DiskFull
from tests.support.films import write_film
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    write_film(Path(sys.argv[1]), 40, sys.argv[2])
except DiskFull as error:
    print(error.exit_code, sorted(each.name for each in Path(sys.argv[1]).parent.iterdir()))
"""


@pytest.mark.parametrize("kind", get_args(FilmKind))
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, kind: FilmKind) -> None:
    assert child.run(FULL_DISK, str(tmp_path / f"film.{kind}"), kind).strip() == "4 []"


def test_what_a_kind_cannot_hold_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="fps"):
        FilmWriter(tmp_path / "film.gif", (64, 64), Fraction(60), "gif")
    with pytest.raises(BadRequest, match="size"):
        FilmWriter(tmp_path / "film.webp", (20000, 64), Fraction(24), "webp")


def test_every_kind_is_coded() -> None:
    assert set(CODINGS) == set(get_args(FilmKind))


MEMORY = """
import sys
from pathlib import Path
from tests.support.films import write_film
from tests.support.machine import peak_memory
write_film(Path(sys.argv[1]), int(sys.argv[3]), sys.argv[2], (128, 128))
print(peak_memory())
"""


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_memory_does_not_grow_with_the_film(tmp_path: Path, kind: FilmKind) -> None:
    """A fifth of what the pictures weigh is far more than another processor or a busy machine adds to a peak."""
    short, long = (int(child.run(MEMORY, str(tmp_path / "film"), kind, frames)) for frames in (80, 980))
    assert long - short < 900 * (128 * 128 * 3) / 5


def test_there_and_back() -> None:
    assert [list(pingpong(frames)) for frames in range(6)] == [
        [],
        [0],
        [0, 1],
        [0, 1, 2, 1],
        [0, 1, 2, 3, 2, 1],
        [0, 1, 2, 3, 4, 3, 2, 1],
    ]


def test_a_film_gets_its_name_where_no_folder_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows opening a folder is refused, and its names need not be brought to the disk."""
    part, path = tmp_path / "film.part", tmp_path / "film.mp4"
    part.write_bytes(b"film")
    opened = os.open

    def refusing(name: str | os.PathLike[str], *flags: int) -> int:
        if os.path.isdir(name):
            raise PermissionError(13, "Permission denied")
        return opened(name, *flags)

    with monkeypatch.context() as windows:
        windows.setattr(os, "open", refusing)
        windows.setattr(os, "name", "nt")
        put_in_place(part, path)
    assert path.read_bytes() == b"film"
