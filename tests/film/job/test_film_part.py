"""A part of a film has the bytes that it has in the whole film, whichever is drawn first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.events import Event, FilmSaved, ImageDone, Resumed
from sdplay.film.job.builder import FilmJobBuilder
from sdplay.film.job.film import shoot
from sdplay.film.plan import AnyFilm
from sdplay.film.video.container import verify_film
from tests.film.video.test_sound import tone, write_sound
from tests.support.films import decoded, write_film
from tests.support.recipes import MODEL
from tests.support.stubfilm import StubExecutor, film_request, frame_files, journal, made, settled

HILL: dict[str, Any] = {
    "animation_prompts": {"0": "a hill", "6": "a lake"},
    "max_frames": 16,
    "zoom": "0:(1.03)",
    "strength_schedule": "0:(0.6) step, 6:(1) step, 7:(0.5)",
    "loop_mode": "pingpong",
}
DREAM: dict[str, Any] = {"prompts": ["a", "b", "c"], "num": 13, "batch_size": 2}
CLIP: dict[str, Any] = {"animation_mode": "Video Input", "animation_prompts": "a", "batch_size": 3}
CASES = {"animation": ("animate", HILL), "dream": ("dream", DREAM), "clip": ("animate", CLIP)}


def part(out: Path, request: AnyFilm, frames: range) -> list[Event]:
    builder = FilmJobBuilder(recipe=settled(request), model=MODEL, device="cpu", executor=StubExecutor())
    return list(shoot(builder.begin(out, frames=frames)))


def drawn(events: list[Event]) -> list[int]:
    return [event.picture.index for event in events if isinstance(event, ImageDone)]


@pytest.mark.parametrize(("mode", "fields"), CASES.values(), ids=CASES)
def test_a_part_is_that_of_the_whole_film(tmp_path: Path, mode: str, fields: dict[str, Any]) -> None:
    if fields is CLIP:
        fields = {**CLIP, "video_init_path": str(write_film(tmp_path / "clip.mp4", 14, size=(64, 64)))}
    request, out = film_request(mode, **fields), tmp_path / "part"
    made(tmp_path / "whole", request)
    whole = frame_files(tmp_path / "whole")
    events = part(out, request, range(10, 12))
    there = frame_files(out)
    assert {"frames/000000010.png", "frames/000000011.png"} <= there.keys() < whole.keys()
    assert there.items() <= whole.items()
    assert not any(name in there for name in ("frames/000000003.png", "frames/000000012.png"))
    saved = events[-1]
    assert isinstance(saved, FilmSaved)
    assert (saved.path, saved.frames, len(decoded(saved.path))) == (out / "frames-10-11.mp4", 2, 2)
    assert not (out / "video.mp4").exists()
    rest = drawn(made(out, request))
    assert not {10, 11} & set(rest)
    assert frame_files(out) == whole
    assert journal(out) == journal(tmp_path / "whole")
    assert (out / "video.mp4").read_bytes() == (tmp_path / "whole" / "video.mp4").read_bytes()


def test_an_animation_says_how_many_frames_a_part_starts_from(tmp_path: Path) -> None:
    events = part(tmp_path, film_request("animate", **HILL), range(12, 13))
    (resumed,) = [event for event in events if isinstance(event, Resumed)]
    assert (resumed.total, resumed.done, resumed.before) == (9, 0, 6)
    assert drawn(events) == list(range(6, 15))
    again = part(tmp_path, film_request("animate", **HILL), range(12, 13))
    assert drawn(again) == []


def test_damaged_frames_are_drawn_again_alone(tmp_path: Path) -> None:
    request = film_request("animate", **HILL)
    made(tmp_path, request)
    whole = frame_files(tmp_path)
    for name in ("frames/000000001.png", "frames/000000010.png"):
        (tmp_path / name).write_bytes(b"")
    assert drawn(part(tmp_path, request, range(10, 13))) == [9, 10, 11]
    unit = {f"frames/{index:09}.png" for index in range(3)} | {"keys/000000000.png"}
    assert frame_files(tmp_path) == {name: content for name, content in whole.items() if name not in unit}
    assert drawn(made(tmp_path, request)) == [0, 1, 2]
    assert frame_files(tmp_path) == whole


def test_a_part_beyond_the_film_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="has the frames 0 to 15"):
        part(tmp_path / "out", film_request("animate", **HILL), range(12, 17))
    assert not (tmp_path / "out").exists()


def test_the_sound_of_a_part_begins_with_it(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "loud.wav", tone(440, 1.5))
    request = film_request("animate", **HILL, fps=8, audio=str(sound))
    part(tmp_path / "film", request, range(10, 12))
    part(tmp_path / "film", request, range(14, 16))
    assert verify_film(tmp_path / "film" / "frames-10-11.mp4").has_sound
    assert not verify_film(tmp_path / "film" / "frames-14-15.mp4").has_sound  # it had ended
