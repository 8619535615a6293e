"""A fork has the bytes of the film that its settings make, whatever it took over from the old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.events import ImageDone
from sdplay.film.job.builder import FilmJobBuilder
from sdplay.film.job.film import shoot
from tests.support.recipes import MODEL
from tests.support.stubfilm import StubExecutor, film_request, made, settled

HILL: dict[str, Any] = {"animation_prompts": {"0": "a hill", "6": "a lake"}, "max_frames": 12, "zoom": "0:(1.03)"}
DREAM: dict[str, Any] = {"prompts": ["a", "b", "c"], "frames_per_key": 4, "batch_size": 2}
CUT = "0:(0.6) step, 6:(1) step, 7:(0.5)"


@pytest.mark.parametrize(
    ("mode", "fields", "change", "again"),
    [
        ("animate", HILL, {"animation_prompts": {"0": "a hill", "6": "a pond"}}, range(6, 12)),
        ("animate", HILL, {"zoom": "0:(1.03), 9:(1.03), 11:(2)"}, range(9, 12)),
        ("animate", HILL, {"animation_prompts": {"0": "a wide hill", "6": "a lake"}}, range(12)),
        ("animate", HILL | {"strength_schedule": CUT}, {"animation_prompts": {"0": "x", "6": "a lake"}}, range(6)),
        ("animate", HILL, {"contrast_schedule": "0:(1) step, 9:(0.9)"}, range(9, 12)),
        ("animate", HILL, {"smooth": "Smooth"}, range(12)),
        ("dream", DREAM, {"prompts": ["a", "b", "x"]}, range(4, 9)),
        ("dream", DREAM, {"seeds": [5, 6, 99]}, range(4, 9)),
        ("dream", DREAM, {"steps": 2}, range(9)),
    ],
)
def test_a_fork_is_the_film_itself(
    tmp_path: Path, mode: str, fields: dict[str, Any], change: Any, again: range
) -> None:
    request = film_request(mode, **{**fields, **change})
    made(tmp_path / "old", film_request(mode, **fields))
    builder = FilmJobBuilder(recipe=settled(request), model=MODEL, device="cpu", executor=StubExecutor())
    events = shoot(builder.begin(tmp_path / "fork", source=tmp_path / "old"))
    drawn = [event.picture.index for event in events if isinstance(event, ImageDone)]
    made(tmp_path / "whole", request)
    for folder in ("frames", "keys"):
        for path in (tmp_path / "whole" / folder).iterdir():
            assert path.read_bytes() == (tmp_path / "fork" / folder / path.name).read_bytes()
    assert drawn == list(again)
