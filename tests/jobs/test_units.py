"""The units of a job are the same however many workers there are, and none has to wait inside another's scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.film.plan import film_plan
from sdplay.jobs.units import Unit, film_units, picture_units, unit_of, units_in
from tests.support.films import write_film
from tests.support.recipes import recipe
from tests.support.stubfilm import film_request, settled

HILL: dict[str, Any] = {"animation_prompts": {"0": "a hill"}, "max_frames": 14, "diffusion_cadence": 3}


def units(mode: str, **fields: Any) -> list[Unit]:
    return list(film_units(film_plan(settled(film_request(mode, **fields)))))


def spans(found: list[Unit]) -> list[tuple[int, int, range, int | None]]:
    return [(unit.first, unit.stop, unit.pieces, unit.waits_for) for unit in found]


def test_a_dream_is_cut_into_passes() -> None:
    found = units("dream", prompts=["a", "b"], num=13, batch_size=4)
    assert [(unit.number, unit.first, unit.stop) for unit in found] == [(0, 0, 4), (1, 4, 8), (2, 8, 12), (3, 12, 13)]
    assert all(unit.waits_for is None and len(unit.pieces) == 1 for unit in found)


def test_an_animation_is_cut_into_scenes() -> None:
    cuts = {"strength_schedule": "0:(0.6) step, 8:(1) step, 10:(0.5) step"}
    assert spans(units("animate", **HILL, **cuts)) == [(0, 9, range(3), None), (9, 14, range(3, 5), None)]
    assert spans(units("animate", **HILL)) == [(0, 14, range(5), None)]


def test_frames_of_a_clip_wait_for_the_first_only_where_they_keep_its_colours(tmp_path: Path) -> None:
    clip = str(write_film(tmp_path / "clip.mp4", 10))
    asked: dict[str, Any] = {
        "animation_prompts": {"0": "a hill"},
        "animation_mode": "Video Input",
        "video_init_path": clip,
        "batch_size": 3,
    }
    free = units("animate", **asked, color_coherence="None")
    assert [unit.waits_for for unit in free] == [None] * 4
    assert [(unit.first, unit.stop) for unit in free] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    kept = units("animate", **asked, color_coherence="LAB")
    assert [unit.waits_for for unit in kept] == [None, 0, 0, 0]


def test_every_piece_belongs_to_one_unit() -> None:
    found = units("animate", **{**HILL, "max_frames": 60}, strength_schedule="0:(1) step, 1:(0.5) step, 30:(1)")
    pieces = [piece for unit in found for piece in unit.pieces]
    assert pieces == list(range(20))
    assert [unit_of(found, piece) for piece in pieces] == [unit.number for unit in found for _ in unit.pieces]
    with pytest.raises(ValueError, match="no unit has the piece 20"):
        unit_of(found, 20)


def test_pictures_of_one_recipe_are_drawn_as_many_at_a_time_as_a_pass_takes() -> None:
    one, other = recipe("a", num=5, batch_size=2), recipe("b", num=1, batch_size=2)
    wanted = [*((one, index) for index in range(5)), (other, 0)]
    assert [(unit.first, unit.stop) for unit in picture_units(wanted)] == [(0, 2), (2, 4), (4, 5), (5, 6)]
    assert picture_units([]) == ()


def test_a_range_is_cut_at_the_end_and_refused_beyond_it() -> None:
    found = units("dream", prompts=["a", "b"], num=12, batch_size=4)
    assert [unit.number for unit in units_in(found, [(1, 99)])] == [1, 2]
    assert [unit.number for unit in units_in(found, [(2, None)])] == [2]
    assert [unit.number for unit in units_in(found, [(2, 2), (0, 0)])] == [0, 2]
    assert len(units_in(found, None)) == 3
    with pytest.raises(BadRequest, match="the job has the units 0 to 2"):
        units_in(found, [(0, 0), (3, 9)])
