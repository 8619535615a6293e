"""Frames between drawn ones, with and without optical flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.camera import flow
from sdplay.film.render.animate import align_along_flow
from sdplay.studio import Studio
from tests.film.camera.test_flow import hills
from tests.support.shot import film, frames, same, shot


@settings(max_examples=20)
@given(weight=st.floats(0, 1), dx=st.floats(-4, 4), dy=st.floats(-4, 4))
def test_what_moved_is_met_on_its_way(weight: float, dx: float, dy: float) -> None:
    """Both pictures come to where the thing is by then: nothing is seen double."""
    start, end = (torch.from_numpy(hills(80, 72, *move)).float() for move in ((0, 0), (dx, dy)))
    middle = hills(80, 72, weight * dx, weight * dy).astype(np.float32)[10:-10, 10:-10]
    for picture in align_along_flow(start, end, weight):
        assert np.abs(picture.numpy()[10:-10, 10:-10] - middle).mean() < 3


def test_at_the_ends_a_picture_is_itself() -> None:
    start, end = (torch.from_numpy(hills(64, 64, dx)).float() for dx in (0, 3))
    assert torch.equal(align_along_flow(start, end, 0.0)[0], start)
    assert torch.equal(align_along_flow(start, end, 1.0)[1], end)


FILM = {"max_frames": 8, "diffusion_cadence": 3, "translation_x": 2, "animation_prompts": "a hill"}


def test_flow_touches_only_what_lies_between(tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        for how in ("none", "dis"):
            shot(film(studio, tmp_path / how, "animate", model=str(tiny), flow_cadence=how, **FILM))
        shot(film(studio, tmp_path / "again", "animate", model=str(tiny), flow_cadence="dis", **FILM))
    faded, flown = frames(tmp_path / "none"), frames(tmp_path / "dis")
    assert same(frames(tmp_path / "none", "keys"), frames(tmp_path / "dis", "keys"))
    # the first segment has nothing to fade from, and the last frame of every segment is its key alone
    assert [i for i in faded if not np.array_equal(faded[i], flown[i])] == [3, 4, 6, 7]
    assert same(flown, frames(tmp_path / "again"))


def test_without_opencv_nothing_is_begun(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "find_spec", lambda _: None)
    with Studio() as studio, pytest.raises(BadRequest, match="OpenCV"):
        film(studio, tmp_path / "job", "animate", model=str(tiny), flow_cadence="dis", **FILM)
    assert not (tmp_path / "job").exists()


def test_a_cadence_of_one_is_told_to_have_nothing_between(tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        fields = FILM | {"diffusion_cadence": 1, "flow_cadence": "DIS"}
        shooting = film(studio, tmp_path / "job", "animate", model=str(tiny), **fields)
    assert any("flow_cadence has no effect" in warning.message for warning in shooting.warnings)
