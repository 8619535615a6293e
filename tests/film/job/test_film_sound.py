"""Films that carry a sound, and follow it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdplay.core.errors import BadRequest
from sdplay.film.video.container import verify_film
from sdplay.studio import Studio
from tests.film.video.test_sound import tone, write_sound
from tests.support.shot import film, frames, same, shot

FILM = {"max_frames": 4, "fps": 8, "diffusion_cadence": 2, "animation_prompts": "a hill"}


def test_an_animation_moves_with_its_sound_and_carries_it(tiny: Path, tmp_path: Path) -> None:
    loud = write_sound(tmp_path / "loud.wav", tone(440, 1.0))
    shift, fields = "0:(20 * amp)", {"model": str(tiny), **FILM}
    with Studio() as studio:
        shot(film(studio, tmp_path / "job", "animate", translation_x=shift, audio=str(loud), **fields))
        shot(film(studio, tmp_path / "still", "animate", audio=str(loud), **fields))
        shot(film(studio, tmp_path / "again", "animate", translation_x=shift, audio=str(loud), **fields))
    facts = verify_film(tmp_path / "job" / "video.mp4")
    assert facts.has_sound
    assert facts.frames == 4
    moved, still = frames(tmp_path / "job"), frames(tmp_path / "still")
    assert np.array_equal(moved[0], still[0])
    assert not np.array_equal(moved[1], still[1])
    assert same(moved, frames(tmp_path / "again"))


@pytest.mark.parametrize("mode", ["animate", "dream"])
def test_what_is_no_sound_is_refused_before_anything_is_made(mode: str, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"no sound at all")
    fields = FILM if mode == "animate" else {"prompts": ("a hill",), "num": 4}
    with Studio() as studio, pytest.raises(BadRequest) as refused:
        film(studio, tmp_path / "job", mode, model=str(tiny), audio=str(tmp_path / "no.wav"), **fields)
    assert refused.value.field == "audio"
    assert not (tmp_path / "job").exists()
