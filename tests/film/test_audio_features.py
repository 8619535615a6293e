"""Schedules and words that follow a sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.audio_features import features
from sdplay.film.request_animate import Animate
from sdplay.film.schedules import Schedules, read_schedules, timeline_of
from sdplay.film.video.sound import Sound, decode_sound
from sdplay.requests.base import make_request
from tests.film.video.test_sound import clicks, tone, write_sound


def schedules(frames: int = 50, **fields: Any) -> Schedules:
    request = make_request(Animate, **{"animation_prompts": "a hill", "fps": 25, **fields})
    return read_schedules(request, timeline_of(request, frames, 7))


@pytest.fixture(scope="module")
def swelling(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two seconds of a low tone that swells up from nothing."""
    samples = tone(110, 2.0) * np.linspace(0, 1, 44_100, dtype=np.float32)
    return str(write_sound(tmp_path_factory.mktemp("sound") / "swelling.wav", samples))


def test_a_schedule_has_the_features_of_its_frame(swelling: str) -> None:
    found = schedules(zoom="0:(1 + bass / 2)", angle="0:(10 * amp), 20:(3)", audio=swelling)
    expected = features(decode_sound(Sound(path=Path(swelling))), 50, Fraction(25))
    for frame in (0, 7, 19, 49):
        assert found.at("zoom", frame) == pytest.approx(1 + float(expected["bass"][frame]) / 2, abs=1e-12)
    assert found.at("angle", 19) == pytest.approx(10 * float(expected["amp"][19]), abs=1e-12)
    assert found.at("angle", 30) == 3
    assert found.at("zoom", 45) > found.at("zoom", 5) + 0.3


def test_words_follow_the_sound_too(swelling: str) -> None:
    found = schedules(animation_prompts="a (fire:`1+amp`) --neg (dull:`1-amp`)", audio=swelling)
    assert found.words(1).prompt != found.words(40).prompt
    assert found.words(40).negative != found.words(1).negative


def test_it_starts_where_it_is_told_to(swelling: str) -> None:
    whole, later = (schedules(20, zoom="0:(1 + amp)", audio=swelling, audio_start=start) for start in (0.0, 1.0))
    assert later.at("zoom", 0) > whole.at("zoom", 0) + 0.3


def test_a_film_longer_than_its_sound_is_told(swelling: str) -> None:
    assert not any(
        "the sound ends" in warning.message for warning in schedules(50, zoom="0:(1+amp)", audio=swelling).warnings
    )
    longer = schedules(100, zoom="0:(1+amp)", audio=swelling)
    assert any("the sound ends after 2.0 s and the film after 4.0 s" in warning.message for warning in longer.warnings)
    assert longer.at("zoom", 99) == 1


def test_a_sound_that_nothing_follows_is_not_read(tmp_path: Path) -> None:
    assert schedules(audio=str(tmp_path / "is not here.wav")).sound is None


def test_every_frame_is_checked_with_its_sound(swelling: str) -> None:
    with pytest.raises(BadRequest, match=r"at frame \d+") as refused:
        schedules(strength_schedule="0:(amp * 1.5)", audio=swelling)
    assert refused.value.field == "strength_schedule"
    with pytest.raises(BadRequest, match=r"at frame 5\d") as refused:  # where the sound is over
        schedules(100, animation_prompts="a (hill:`1/amp`)", audio=swelling)
    assert refused.value.field == "animation_prompts"


def test_arithmetic_in_words_is_checked_at_every_frame() -> None:
    with pytest.raises(BadRequest, match="at frame 33"):
        schedules(animation_prompts="a (hill:`1/(t-33)`)")


def test_without_a_sound_it_is_told_to_need_one() -> None:
    with pytest.raises(BadRequest) as refused:
        schedules(zoom="0:(1+bass)")
    assert "audio=FILE" in refused.value.hint


def test_a_sound_that_cannot_be_read_is_named_with_all_else_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"no sound at all")
    with pytest.raises(BadRequest, match="audio") as refused:
        schedules(zoom="0:(1+bass)", angle="0:(", audio=str(tmp_path / "no.wav"))
    assert "angle" in str(refused.value)


@given(st.integers(1, 120), st.integers(1, 120))
def test_a_shorter_film_hears_the_beginning_of_a_longer_one(one: int, other: int) -> None:
    samples = clicks(0.31, 3.0) * np.linspace(0.1, 1, 66_150, dtype=np.float32)
    shorter, longer = sorted((one, other))
    short, long = (features(samples, frames, Fraction(25)) for frames in (shorter, longer))
    assert all(np.array_equal(short[name], long[name][:shorter]) for name in short)
