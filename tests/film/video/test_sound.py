"""Sound: in samples, in features that move a film, and under the pictures."""

from __future__ import annotations

import wave
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from sdplay.core.errors import BadRequest
from sdplay.film.audio_features import analyse, beat_period, features, onset_energy, onset_pace
from sdplay.film.video.container import FilmKind, verify_film
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.index import probe
from sdplay.film.video.sound import RATE, Sound, decode_sound
from tests.support.films import smooth_film

FPS = Fraction(25)


def tone(hertz: float, seconds: float, rate: int = RATE, height: float = 0.5) -> np.ndarray:
    return (height * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def clicks(every: float, seconds: float, first: float = 0.0) -> np.ndarray:
    """Short bursts of noise at equal distances, mono at 22,050 Hz."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    burst = np.random.default_rng(1).normal(0, 0.3, 600) * np.linspace(1, 0, 600) ** 2
    for start in np.arange(first, seconds - 0.05, every):
        begin = round(start * RATE)
        samples[begin : begin + 600] += burst.astype(np.float32)
    return samples


def write_sound(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """A 16-bit WAV file of samples [n] or [channels, n]."""
    channels = np.atleast_2d(samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(channels.T * 32767).astype("<i2").tobytes())
    return path


def film_with(path: Path, frames: int, sound: Sound, kind: FilmKind = "mp4", fps: Fraction = FPS) -> Path:
    with FilmWriter(path, (64, 64), fps, kind, sound=sound) as film:
        for pixels in smooth_film(frames):
            film.add(pixels)
    return path


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_samples_come_out_mono_at_one_rate(tmp_path: Path, rate: int) -> None:
    left, right = tone(440, 1.5, rate), tone(440, 1.5, rate, height=0.25)
    path = write_sound(tmp_path / "tone.wav", np.stack([left, right]), rate)
    samples = decode_sound(Sound(path=path))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(1.5 * RATE, abs=40)
    middle = samples[RATE // 2 : RATE]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440 * len(middle) / RATE, abs=1)
    assert np.abs(middle).max() == pytest.approx(0.375, abs=0.01)


def test_sound_from_a_second_on(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.concatenate([tone(200, 1), tone(2000, 1)]))
    samples = decode_sound(Sound(path=path, start=1.0))
    assert len(samples) == pytest.approx(RATE, abs=40)
    assert np.argmax(np.abs(np.fft.rfft(samples))) == pytest.approx(2000, abs=10)


@pytest.mark.parametrize(
    ("hertz", "band"), [(60, "bass"), (180, "bass"), (400, "mid"), (3000, "mid"), (6000, "treble")]
)
def test_a_tone_is_heard_in_its_band(hertz: float, band: str) -> None:
    heard = features(tone(hertz, 2.0), 40, FPS)
    for name in ("bass", "mid", "treble"):
        inner = heard[name][3:-3]
        assert inner.min() > 0.9 if name == band else inner.max() < 0.1, name
    assert heard["amp"][3:-3].min() > 0.9


def test_a_sweep_passes_through_the_bands_in_turn() -> None:
    seconds = np.arange(4 * RATE) / RATE
    octaves = np.log2(8000 / 50)
    sweep = np.sin(2 * np.pi * 50 * 4 / (octaves * np.log(2)) * 2 ** (octaves * seconds / 4)).astype(np.float32)
    heard = features(sweep, 100, FPS)
    for name, low, high in (("bass", 50, 250), ("mid", 250, 4000), ("treble", 4000, 8000)):
        at = 50 * 2 ** (octaves * np.arange(100) / 100)
        inside = (at > low * 1.2) & (at < high / 1.2)
        outside = (at < low / 1.3) | (at > high * 1.3)
        assert heard[name][inside].mean() > 0.8
        assert heard[name][outside].max() < 0.3


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(3 * RATE), clicks(0.5, 3), tone(50, 0.01)])
@pytest.mark.parametrize("frames", [1, 2, 75])
def test_features_are_between_0_and_1_for_every_frame(samples: np.ndarray, frames: int) -> None:
    heard = features(samples.astype(np.float32), frames, FPS)
    assert set(heard) == {"amp", "bass", "mid", "treble", "onset", "beat"}
    for curve in heard.values():
        assert curve.shape == (frames,)
        assert curve.dtype == np.float32
        assert np.isfinite(curve).all()
        assert curve.min() >= 0
        assert curve.max() <= 1


def test_silence_moves_nothing() -> None:
    assert all(not curve.any() for curve in features(np.zeros(4 * RATE, np.float32), 90, FPS).values())


def test_loudness_does_not_change_what_is_heard() -> None:
    samples = clicks(0.5, 6) + tone(100, 6, height=0.1)
    loud, quiet = features(samples, 100, FPS), features(samples / 8, 100, FPS)
    for name, curve in loud.items():
        np.testing.assert_allclose(curve, quiet[name], atol=0.02, err_msg=name)


def test_onsets_lie_where_the_clicks_are() -> None:
    onset = features(clicks(0.8, 4.0, first=0.4), 100, FPS)["onset"]
    strong = np.flatnonzero(onset > 0.3)
    for click in (10, 30, 50, 70, 90):
        assert np.abs(strong - click).min() <= 2
    assert all(min(abs(frame - click) for click in (10, 30, 50, 70, 90)) <= 2 for frame in strong)


@pytest.mark.parametrize("tempo", [75, 100, 120, 128, 150])
def test_the_beat_is_found_and_kept_for_a_minute(tempo: int) -> None:
    samples = clicks(60 / tempo, 60, first=0.25)
    assert beat_period(onset_energy(analyse(samples))) == pytest.approx(60 / tempo, rel=0.002)
    times = np.arange(1500) / 25
    phase = features(samples, 1500, FPS)["beat"]
    since_click = ((times - 0.25) * tempo / 60) % 1
    apart = np.abs((phase - since_click + 0.5) % 1 - 0.5)
    assert apart.max() < 0.16  # the window hears a click some 40 ms before it comes


def test_noise_has_no_beat() -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, 20 * RATE).astype(np.float32)
    assert beat_period(onset_energy(analyse(noise))) is None


@pytest.mark.parametrize("smooth", [0.0, 0.4, 1.0])
def test_silence_is_walked_through_evenly(smooth: float) -> None:
    energy = onset_energy(analyse(np.zeros(4 * RATE, np.float32)))
    times = np.linspace(1, 3, 9)
    np.testing.assert_allclose(onset_pace(energy, (1.0, 3.0), times.tolist(), smooth), np.linspace(0, 1, 9))


def test_the_pace_follows_the_onsets() -> None:
    energy = onset_energy(analyse(clicks(1.0, 4.0, first=0.5)))
    times = [0.0, 0.3, 0.7, 1.3, 1.7, 2.3, 2.7, 3.3, 3.7, 4.0]
    steps = onset_pace(energy, (0.0, 4.0), times)
    assert steps == pytest.approx([0, 0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1, 1], abs=0.03)
    half = onset_pace(energy, (0.0, 4.0), times, smooth=0.5)
    assert half == pytest.approx((steps + np.array(times) / 4) / 2)
    assert all(later >= earlier for earlier, later in pairwise(half))


def test_behind_the_end_of_the_sound_the_pace_is_even() -> None:
    energy = onset_energy(analyse(clicks(0.5, 2.0)))
    np.testing.assert_allclose(onset_pace(energy, (4.0, 8.0), [4.0, 5.0, 6.0, 8.0]), [0, 0.25, 0.5, 1.0])
    across = onset_pace(energy, (0.0, 4.0), [2.1, 3.0, 4.0])
    assert 0.4 < across[0] < across[1] < across[2] == 1


@pytest.mark.parametrize("kind", ["mp4", "webm", "mkv"])
@pytest.mark.parametrize(("frames", "fps"), [(1, FPS), (10, FPS), (33, Fraction(30000, 1001)), (20, Fraction(12))])
def test_sound_is_cut_where_the_pictures_end(tmp_path: Path, kind: FilmKind, frames: int, fps: Fraction) -> None:
    sound = Sound(path=write_sound(tmp_path / "long.wav", tone(440, 6)))
    path = film_with(tmp_path / f"film.{kind}", frames, sound, kind, fps)
    facts = verify_film(path)
    assert (facts.frames, facts.has_sound) == (frames, True)
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(float(frames / fps), abs=float(1 / fps))
    heard = decode_sound(Sound(path=path))
    assert len(heard) / RATE == pytest.approx(float(frames / fps), abs=float(1 / fps))


def test_sound_keeps_its_place(tmp_path: Path) -> None:
    """A click a second into the film is heard a second into what was written, wherever the film began."""
    sound = Sound(path=write_sound(tmp_path / "click.wav", clicks(9, 4, first=2.5)), start=1.5)
    heard = decode_sound(Sound(path=film_with(tmp_path / "film.mp4", 50, sound)))
    assert np.argmax(np.abs(heard)) / RATE == pytest.approx(1.0, abs=0.02)


def test_sound_of_a_clip_is_kept(tmp_path: Path) -> None:
    first = film_with(tmp_path / "first.mp4", 20, Sound(path=write_sound(tmp_path / "a.wav", tone(700, 3))))
    assert probe(first).has_sound
    heard = decode_sound(Sound(path=film_with(tmp_path / "second.mp4", 20, Sound(path=first))))
    assert np.argmax(np.abs(np.fft.rfft(heard))) * RATE / len(heard) == pytest.approx(700, abs=3)
    assert np.abs(heard[RATE // 4 : RATE // 2]).max() == pytest.approx(0.5, abs=0.03)  # as loud as it was


def test_short_sound_ends_before_the_pictures(tmp_path: Path) -> None:
    sound = Sound(path=write_sound(tmp_path / "short.wav", tone(440, 0.5)))
    path = film_with(tmp_path / "film.mp4", 30, sound)
    assert verify_film(path).frames == 30
    assert len(decode_sound(Sound(path=path))) / RATE == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("kind", ["mp4", "webm", "mkv"])
def test_the_same_bytes_with_sound(tmp_path: Path, kind: FilmKind) -> None:
    sound = Sound(path=write_sound(tmp_path / "a.wav", tone(440, 2)))
    assert len({film_with(tmp_path / f"film.{kind}", 12, sound, kind).read_bytes() for _ in range(2)}) == 1


def test_sound_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "notes.mp3").write_text("la la la " * 50)
    write_sound(tmp_path / "short.wav", tone(440, 0.5))
    silent = tmp_path / "silent.mp4"
    with FilmWriter(silent, (64, 64), FPS, "mp4") as film:
        film.add(next(smooth_film(1)))
    bad = [
        (Sound(path=tmp_path / "none.mp3"), "no such file"),
        (Sound(path=tmp_path / "notes.mp3"), "of no kind that can be read"),
        (Sound(path=silent), "holds no sound"),
        (Sound(path=tmp_path / "short.wav", start=2.0), "holds no sound after 2 s"),
    ]
    before = sorted(tmp_path.iterdir())
    for sound, reason in bad:
        with pytest.raises(BadRequest, match=reason) as caught:
            decode_sound(sound)
        assert caught.value.field == "audio"
        with pytest.raises(BadRequest, match=reason):
            film_with(tmp_path / "film.mp4", 1, sound)
    with pytest.raises(BadRequest, match="these have: mp4, webm, mkv"):
        film_with(tmp_path / "film.gif", 1, Sound(path=tmp_path / "short.wav"), "gif")
    assert sorted(tmp_path.iterdir()) == before
