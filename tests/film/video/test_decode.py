"""Clips are read as they are to be seen, frame by frame; whatever is no clip is refused with a reason."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from sdplay.core.errors import BadRequest
from sdplay.film.video.decode import ClipReader, fit
from sdplay.film.video.index import probe
from tests.support.films import FPS, decoded, numbered_clip, painted_number, psnr, smooth_film, write_film

MANY = 50
KINDS = [
    ("a.mp4", "libx264"),
    ("a.mov", "libx264"),
    ("a.mkv", "libx264"),
    ("a.ts", "libx264"),
    ("a.flv", "libx264"),
    ("b.avi", "libx264"),
    ("a.webm", "libvpx"),
    ("b.webm", "libvpx-vp9"),
    ("a.avi", "mpeg4"),
    ("a.mpg", "mpeg2video"),
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", MANY)


def numbers(reader: ClipReader) -> list[int]:
    """The painted numbers of all frames that `reader` gives."""
    return [painted_number(reader.frame(i)) for i in range(reader.count())]


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_every_frame_of_every_kind(tmp_path: Path, name: str, codec: str) -> None:
    path = numbered_clip(tmp_path / name, MANY, codec=codec, fps=Fraction(25))
    facts = probe(path)
    assert (facts.frames, facts.variable, facts.rotation, facts.has_sound) == (MANY, False, 0, False)
    assert float(facts.fps) == pytest.approx(25)
    with ClipReader(path) as reader:
        assert numbers(reader) == list(range(MANY))
        assert [painted_number(reader.frame(i)) for i in (5, 40, 0, 49, 48, 13, 12, 11)] == [
            5,
            40,
            0,
            49,
            48,
            13,
            12,
            11,
        ]
        assert not reader.repaired


@pytest.mark.parametrize("every", [1, 2, 3, 7, 60])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (5, -1), (0, 30), (17, 41), (49, 49)])
@pytest.mark.parametrize("sampling", ["index", "time"])
def test_every_nth_frame(clip: Path, every: int, start: int, stop: int | None, sampling: str) -> None:
    expected = list(range(MANY))[start : stop + 1 if stop not in (None, -1) else None : every]
    with ClipReader(clip, start, stop, every, sampling) as reader:
        assert reader.count() == len(expected)
        assert numbers(reader) == expected


@pytest.mark.parametrize("name", ["clip.mkv", "clip.flv"])
def test_equal_steps_of_time_although_the_file_rounds_times(tmp_path: Path, name: str) -> None:
    path = numbered_clip(tmp_path / name, MANY)
    with ClipReader(path, sampling="time") as reader:
        assert numbers(reader) == list(range(MANY))


def test_a_clip_that_is_longer_than_a_jump(tmp_path: Path) -> None:
    """Frames far off are found from the key frame before them, and are those that reading on would give."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "18", "g": "20"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for pixels in smooth_film(130):
            container.mux(stream.encode(VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    with ClipReader(path) as onward, ClipReader(path) as there_and_back:
        read = [onward.frame(i) for i in range(130)]
        for i in (129, 3, 77, 78, 20, 119, 0):
            np.testing.assert_array_equal(there_and_back.frame(i), read[i])


def test_the_facts(clip: Path) -> None:
    facts = probe(clip)
    assert (facts.width, facts.height, facts.fps, facts.frames) == (32, 32, FPS, MANY)
    assert facts.digest == hashlib.sha256(clip.read_bytes()).hexdigest()


def test_a_gif_is_a_clip(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.gif", 9, "gif", fps=Fraction(10))
    assert (probe(path).frames, probe(path).fps) == (9, Fraction(10))
    with ClipReader(path) as reader:
        for i in (8, 2, 5):
            np.testing.assert_array_equal(reader.frame(i), decoded(path)[i])


def test_variable_pace(tmp_path: Path) -> None:
    """By index every frame counts; by time each is given as often as it is to be seen."""
    times = [0, 1, 2, 3, 8, 9, 10, 20, 21, 23]
    path = numbered_clip(tmp_path / "clip.mp4", 10, times=times, fps=Fraction(24))
    facts = probe(path)
    assert facts.variable
    with ClipReader(path) as reader:
        assert numbers(reader) == list(range(10))
    with ClipReader(path, sampling="time") as reader:
        step = 24 / facts.fps
        shown = [max(n for n, time in enumerate(times) if time <= i * step + 0.25) for i in range(reader.count())]
        assert numbers(reader) == shown
        assert reader.count() == pytest.approx(24 / step, abs=1)


CORNERS = np.array([[[250, 0, 0], [0, 250, 0]], [[0, 0, 250], [250, 250, 250]]], np.uint8)
UNIT = 1 << 16
# FFmpeg's matrix for the linear part (a, b, c, d): what is seen of the corners [[red, green], [blue, white]].
TURNS = {
    (1, 0, 0, 1): (0, CORNERS),
    (0, 1, -1, 0): (90, np.rot90(CORNERS, -1)),
    (-1, 0, 0, -1): (180, np.rot90(CORNERS, 2)),
    (0, -1, 1, 0): (270, np.rot90(CORNERS, 1)),
    (-1, 0, 0, 1): (0, CORNERS[:, ::-1]),
    (1, 0, 0, -1): (180, CORNERS[::-1]),
}


def cornered_clip(path: Path, matrix: tuple[int, int, int, int] | None, aspect: Fraction | None) -> Path:
    """A clip of 64x32 pixels with a colour in each corner."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        if matrix is not None:
            a, b, c, d = (value * UNIT for value in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        picture = np.ascontiguousarray(CORNERS.repeat(16, 0).repeat(32, 1))
        for _ in range(3):
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("matrix", TURNS)
def test_a_turned_clip_is_turned_upright(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    rotation, expected = TURNS[matrix]
    path = cornered_clip(tmp_path / "clip.mp4", matrix, None)
    facts = probe(path)
    size = (32, 64) if rotation in (90, 270) else (64, 32)
    assert (facts.width, facts.height, facts.rotation) == (*size, rotation)
    with ClipReader(path) as reader:
        pixels = reader.frame(1)
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.flags.c_contiguous
    middles = pixels[size[1] // 4 :: size[1] // 2, size[0] // 4 :: size[0] // 2].astype(int)
    assert np.abs(middles - expected).max() < 8


@pytest.mark.parametrize(("matrix", "size"), [(None, (96, 32)), ((0, 1, -1, 0), (32, 96))])
def test_pixels_that_are_no_squares_become_squares(
    tmp_path: Path, matrix: tuple[int, int, int, int] | None, size: tuple[int, int]
) -> None:
    path = cornered_clip(tmp_path / "clip.mp4", matrix, Fraction(3, 2))
    assert (probe(path).width, probe(path).height) == size
    with ClipReader(path) as reader:
        assert reader.frame(0).shape == (size[1], size[0], 3)


def test_what_we_write_is_read_with_the_same_colours(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 3)
    with ClipReader(path) as reader:
        for i, drawn in enumerate(smooth_film(3)):
            assert psnr(reader.frame(i), drawn) > 35


@pytest.mark.parametrize(("lines", "matrix"), [(720, "high"), (480, "standard")])
def test_colours_without_a_word_about_them_follow_the_size(tmp_path: Path, lines: int, matrix: str) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, lines, "yuv420p"
        frame = VideoFrame(64, lines, "yuv420p")
        for plane, level in zip(frame.planes, (81, 90, 240), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with ClipReader(path) as reader:
        red, green, _ = reader.frame(0)[10, 10].astype(int)
    # (81, 90, 240) is pure red by BT.601; by BT.709 green remains
    assert red > 250
    assert (green < 3) == (matrix == "standard")


def damaged(clip: Path, path: Path, frame_times: range) -> Path:
    """A copy of `clip` with the coded bytes of these frames (by number in the order shown) overwritten."""
    content = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.pts is not None and packet.pts * stream.time_base * FPS in frame_times:
                content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("lost", [range(24, 27), range(49, 50), range(12, 13)])
def test_damaged_frames_are_replaced_by_the_one_before(tmp_path: Path, lost: range) -> None:
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS, options={"qmin": "1", "qmax": "1"})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        for i in range(MANY):
            picture = VideoFrame.from_ndarray(np.full((32, 32, 3), 10 + 4 * i, np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    path = damaged(clip, tmp_path / "bad.mp4", lost)
    expected = [lost.start - 1 if i in lost else i for i in range(MANY)]
    with ClipReader(path) as reader:
        assert reader.count() == MANY
        assert numbers(reader) == expected
        assert reader.repaired == set(lost)
    with ClipReader(path) as reader:
        backwards = [painted_number(reader.frame(i)) for i in reversed(range(MANY))]
        assert backwards == expected[::-1]


def test_a_damaged_beginning_is_replaced_by_the_first_frame_that_is_whole(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        for i in range(6):
            picture = VideoFrame.from_ndarray(np.full((32, 32, 3), 10 + 4 * i, np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    content = clip.read_bytes()
    begin = content.index(b"\xff\xd8")
    end = content.index(b"\xff\xd8", begin + 2)
    clip.write_bytes(content[:begin] + b"\x55" * (end - begin - 20) + content[end - 20 :])
    with ClipReader(clip) as reader:
        assert numbers(reader)[:3] == [1, 1, 2]
        assert reader.repaired == {0}


def refused(path: Path) -> str:
    with pytest.raises(BadRequest) as caught:
        probe(path)
    assert caught.value.field == "video_init_path"
    with pytest.raises(BadRequest) as again:
        ClipReader(path)
    assert str(again.value) == str(caught.value)
    return str(caught.value)


def test_no_such_file_an_empty_one_and_a_folder(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "clip.mp4")
    (tmp_path / "empty.mp4").touch()
    assert "empty file" in refused(tmp_path / "empty.mp4")
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4"])
def test_a_text_is_no_clip(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Once upon a time\n" * 100)
    assert "of no kind that can be read" in refused(tmp_path / name)


def test_a_playlist_does_not_lead_to_other_files(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n")
    assert "of no kind that can be read" in refused(tmp_path / "list.m3u8")


def test_a_clip_that_was_cut_off(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "film.mp4", 30, size=(128, 128)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    assert "was cut off" in refused(tmp_path / "cut.mp4")
    index_last = numbered_clip(tmp_path / "last.mp4", 30).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(index_last[: len(index_last) * 6 // 10])
    assert "was cut off" in refused(tmp_path / "cut.mp4")


def test_a_recording_that_was_cut_off_gives_what_there_is(tmp_path: Path) -> None:
    """Matroska is made for it: what was written can be read."""
    whole = write_film(tmp_path / "film.mkv", 30, "mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    frames = probe(tmp_path / "cut.mkv").frames
    assert 12 < frames < 24
    with ClipReader(tmp_path / "cut.mkv") as reader:
        assert reader.count() == frames
        assert reader.frame(frames - 1).shape == (64, 64, 3)


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        tone = np.sin(np.arange(44100, dtype=np.float32) / 20)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "sound and no pictures" in refused(path)


@pytest.mark.parametrize(("start", "stop"), [(50, None), (10, 9), (0, 50), (-1, None), (3, -2)])
def test_a_range_that_is_not_there(clip: Path, start: int, stop: int | None) -> None:
    with pytest.raises(BadRequest, match="frames 0 to 49") as caught:
        ClipReader(clip, start, stop)
    assert caught.value.field == "video_init_path"


def test_frames_outside_the_range(clip: Path) -> None:
    with ClipReader(clip, every=7) as reader:
        for i in (-1, 8):
            with pytest.raises(IndexError):
                reader.frame(i)
    with pytest.raises(ValueError, match="every 0th"):
        ClipReader(clip, every=0)


def test_the_three_ways_to_fit() -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    wide[:, :20, 0] = 255
    for how in ("stretch", "cover", "contain"):
        assert fit(wide, 32, 32, how).shape == (32, 32, 3)
    assert fit(wide, 30, 10, "stretch")[5, [2, 15]].tolist() == [[255, 0, 0], [200, 200, 200]]
    assert fit(wide, 16, 16, "cover").min() > 150  # the middle alone
    contained = fit(wide, 30, 30, "contain")
    assert not contained[:9].any()
    assert not contained[21:].any()
    assert contained[15, 15].tolist() == [200, 200, 200]
    np.testing.assert_array_equal(fit(wide, 60, 20, "contain"), wide)
