"""The film file: as many frames as asked for, its end meeting its beginning, and something to watch at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sdplay.core.errors import StoreError
from sdplay.events import FilmSaved, FramesSaved
from sdplay.film.job.encoder import FilmEncoder, Output
from sdplay.film.job.film import shoot
from sdplay.film.job.frame_file import read_frame
from sdplay.film.video.container import verify_film
from tests.support.films import decoded, write_film
from tests.support.stubfilm import film_request, frame_files, made, shooting

HILL: dict[str, Any] = {"animation_prompts": "a hill", "max_frames": 9, "zoom": "0:(1.05)", "diffusion_cadence": 2}
LOSSLESS = Output(kind="mkv")


def frames(out: Path) -> list[np.ndarray]:
    return [read_frame(path) for path in sorted((out / "frames").iterdir())]


def test_there_and_back_shows_both_turning_points_once(tmp_path: Path) -> None:
    made(tmp_path, film_request("animate", **HILL, loop_mode="pingpong"), output=LOSSLESS)
    drawn, film = frames(tmp_path), decoded(tmp_path / "video.mkv")
    assert len(drawn) == 9
    order = [*range(9), *range(7, 0, -1)]
    assert all(np.array_equal(shown, drawn[index]) for shown, index in zip(film, order, strict=True))


def test_a_crossfade_draws_more_and_shows_exactly_what_was_asked_for(tmp_path: Path) -> None:
    made(tmp_path, film_request("animate", **HILL, loop_mode="crossfade:3"), output=LOSSLESS)
    drawn, film = frames(tmp_path), decoded(tmp_path / "video.mkv")
    assert (len(drawn), len(film)) == (12, 9)
    for j in range(3):
        weight = 1 - (j + 1) / 4
        mixed = weight * drawn[9 + j].astype(float) + (1 - weight) * drawn[j]
        assert np.abs(film[j] - mixed).max() <= 0.501
    assert all(np.array_equal(film[i], drawn[i]) for i in range(3, 9))


def test_the_seam_of_a_crossfade_is_a_step_as_drawn_and_a_part_of_the_jump(tmp_path: Path) -> None:
    fields = {**HILL, "strength_schedule": "0:(0.2)", "diffusion_cadence": 4, "max_frames": 16}
    made(tmp_path, film_request("animate", **fields, loop_mode="crossfade:8"), output=LOSSLESS)
    drawn, film = frames(tmp_path), decoded(tmp_path / "video.mkv")
    step, jump, seam = apart(drawn[15], drawn[16]), apart(drawn[16], drawn[0]), apart(film[15], film[0])
    assert seam <= step + jump / 9 + 0.5
    assert seam < jump / 2


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_the_drawn_frames_are_the_same_whatever_the_loop(tmp_path: Path) -> None:
    made(tmp_path / "plain", film_request("animate", **HILL))
    made(tmp_path / "faded", film_request("animate", **HILL, loop_mode="crossfade:4"))
    begun = {name: content for name, content in frame_files(tmp_path / "plain").items() if "frames/00000000" in name}
    assert {name for name, content in begun.items() if frame_files(tmp_path / "faded")[name] != content} <= set()
    made(tmp_path / "faded", film_request("animate", **HILL))
    assert verify_film(tmp_path / "faded" / "video.mp4").frames == 9
    plain, faded = (tmp_path / name / "video.mp4" for name in ("plain", "faded"))
    assert plain.read_bytes() == faded.read_bytes()


def test_a_clip_that_crossfades_keeps_its_last_frames_for_that(tmp_path: Path) -> None:
    clip = write_film(tmp_path / "clip.mp4", 10)
    fields = {"animation_prompts": "a", "animation_mode": "Video Input", "video_init_path": str(clip)}
    made(tmp_path / "film", film_request("animate", **fields, loop_mode="crossfade:3"))
    assert verify_film(tmp_path / "film" / "video.mp4").frames == 7


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("kind", ["mp4", "gif", "webp", "apng", "webm", "mkv"])
def test_every_kind_holds_exactly_the_frames_asked_for(tmp_path: Path, kind: Any, frames: int) -> None:
    still = {"prompts": ["a"], "seeds": [3], "num": frames, "interpolate": "prompt"}  # all its frames are equal
    events = made(tmp_path, film_request("dream", **still), output=Output(kind=kind))
    assert isinstance(events[-1], FilmSaved)
    assert events[-1].frames == frames


@pytest.mark.parametrize("loop", ["none", "pingpong", "crossfade:3"])
def test_a_stopped_film_is_written_as_far_as_it_is_drawn(tmp_path: Path, loop: str) -> None:
    events = shoot(shooting(tmp_path, film_request("animate", **HILL, loop_mode=loop)))
    while not (isinstance(event := next(events), FramesSaved) and event.done >= 4):
        pass
    events.close()
    assert verify_film(tmp_path / "video.mp4").frames == (6 if loop == "pingpong" else 4)
    made(tmp_path, film_request("animate", **HILL, loop_mode=loop))
    assert verify_film(tmp_path / "video.mp4").frames == (16 if loop == "pingpong" else 9)


def test_the_preview_can_be_watched_while_the_film_grows(tmp_path: Path) -> None:
    events = shoot(shooting(tmp_path, film_request("dream", prompts=["a", "b"], num=60)))
    while not (isinstance(event := next(events), FramesSaved) and event.done >= 50):
        pass
    with av.open(str(tmp_path / "preview.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 15
    events.close()


def test_a_fault_of_the_encoder_is_told_and_the_frames_are_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: FilmEncoder) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(FilmEncoder, "_check", broken)
    with pytest.raises(ZeroDivisionError):
        made(tmp_path, film_request("animate", **HILL))
    monkeypatch.undo()
    assert len(frames(tmp_path)) == 9
    made(tmp_path, film_request("animate", **HILL))
    assert verify_film(tmp_path / "video.mp4").frames == 9


def test_a_film_with_frames_missing_is_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FilmEncoder, "_counted", lambda self: 8)
    with pytest.raises(StoreError, match="has 8 frames where 9 were written"):
        made(tmp_path, film_request("animate", **HILL))
