"""Films made larger."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sdplay.core.errors import BadRequest
from sdplay.events import FilmUpscaled, FrameUpscaled
from sdplay.executors.fake import FakeExecutor
from sdplay.film.video.container import FilmKind
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.index import probe
from sdplay.images.filters import resize_lanczos
from sdplay.jobs.upscale import UpscaleJobs
from sdplay.jobs.upscale_film import film_at, upscale_film
from sdplay.studio import Studio
from tests.support.given import photo

GREYS = (40, 120, 200)


def film(path: Path, kind: FilmKind, size: tuple[int, int] = (32, 16)) -> Path:
    """A film of three frames, each brighter to the right."""
    ramp = np.broadcast_to(np.linspace(0, 40, size[0])[None, :, None], (size[1], size[0], 3))
    with FilmWriter(path, size, Fraction(12), kind) as writer:
        for grey in GREYS:
            writer.add((ramp + grey).astype(np.uint8))
    return path


@pytest.fixture
def jobs() -> UpscaleJobs:
    return Studio(FakeExecutor()).upscaling


@pytest.mark.parametrize(
    ("name", "kind"), [("a.mkv", "mkv"), ("a.mp4", "mp4"), ("a.gif", "gif"), ("a.webp", "webp"), ("a.png", "apng")]
)
def test_a_film_is_enlarged_frame_by_frame(jobs: UpscaleJobs, tmp_path: Path, name: str, kind: FilmKind) -> None:
    small = film(tmp_path / name, kind)
    *frames, done, _ = upscale_film(jobs, small, 2.0, "lanczos", None)
    assert [(each.index, each.total) for each in frames if isinstance(each, FrameUpscaled)] == [(0, 3), (1, 3), (2, 3)]
    assert isinstance(done, FilmUpscaled)
    assert done.path == tmp_path / f"a_x2{small.suffix}"
    facts = probe(done.path)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (64, 32, 3, probe(small).fps)
    tolerance = 0 if kind in {"mkv", "png"} else 8
    with ClipReader(small) as before, ClipReader(done.path) as after:
        for index in range(3):
            expected = resize_lanczos(before.frame(index), 64, 32).astype(int)
            assert np.abs(after.frame(index) - expected).mean() <= tolerance


def test_no_file_is_overwritten_and_the_folder_can_be_another(jobs: UpscaleJobs, tmp_path: Path) -> None:
    small = film(tmp_path / "a.mkv", "mkv")
    for expected in ("out/a_x2.mkv", "out/a_x2-2.mkv"):
        done = list(upscale_film(jobs, small, 2.0, "lanczos", tmp_path / "out"))[-2]
        assert isinstance(done, FilmUpscaled)
        assert done.path == tmp_path / expected


def test_what_is_a_film(tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    (job / "job.json").write_text("{}")
    with pytest.raises(BadRequest, match="is not finished"):
        film_at(job)
    assert film_at(film(job / "video.gif", "gif")) == job / "video.gif"
    assert film_at(job) == job / "video.gif"
    photo(tmp_path / "still.webp")
    photo(tmp_path / "still.png")
    assert [film_at(tmp_path / name) for name in ("still.webp", "still.png", "nowhere.mp4", ".")] == [None] * 4


def test_a_film_of_a_job_folder_is_put_beside_the_folder(jobs: UpscaleJobs, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "job.json").write_text("{}")
    film(tmp_path / "job" / "video.mkv", "mkv")
    found = film_at(tmp_path / "job")
    assert found is not None
    done = list(upscale_film(jobs, found, 1.5, "lanczos", None))[-2]
    assert isinstance(done, FilmUpscaled)
    assert (done.path, done.size) == (tmp_path / "job_x1.5.mkv", (48, 24))


@pytest.mark.parametrize(("content", "scale", "field"), [(b"no film", 2.0, "file"), (None, 99.0, "scale")])
def test_what_cannot_be_enlarged_leaves_nothing(
    jobs: UpscaleJobs, tmp_path: Path, content: bytes | None, scale: float, field: str
) -> None:
    path = film(tmp_path / "a.mp4", "mp4")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRequest) as caught:
        list(upscale_film(jobs, path, scale, "lanczos", None))
    assert caught.value.field == field
    assert list(tmp_path.iterdir()) == [path]
