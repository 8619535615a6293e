"""What there is to hear at each frame of a film that follows its sound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.core.warning import RequestWarning
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.sound import RATE, Samples, Sound, decode_sound

Curve = NDArray[np.float64]
WINDOW, HOP = 2048, 512
BASS_BELOW, TREBLE_ABOVE = 250.0, 4000.0
MEL_BANDS = 40
AT_ONCE = 1024
# Quieter than 16 bits can tell is silence.
SILENT = 1e-5
# A band that never comes within 40 dB of the loudest holds what leaked from it, and is not blown up to full height.
WEAK_BAND = 0.01
# What is 60 dB (in power) below the loudest moment makes no onset.
ONSET_FLOOR = 1e-6
SLOWEST, FASTEST, USUAL = 60.0, 200.0, 120.0


class AudioFeatures:
    """The sound of `request` frame by frame: called with a frame, it gives amp, bass, mid, treble, onset and beat.

    Raises `BadRequest` for a file that cannot be read, or in which there is nothing to hear.
    """

    def __init__(self, request: Animate, frames: int) -> None:
        assert request.audio is not None
        samples = decode_sound(Sound(path=Path(request.audio), start=request.audio_start))
        self.warnings = tuple(too_short(samples, frames, request.rate, "all features but beat are 0"))
        # The one list over frames there is: 24 bytes a frame, a hundredth of what the sound itself takes.
        self._features = features(samples, frames, request.rate)

    def __call__(self, frame: int) -> Mapping[str, float]:
        return {name: float(curve[frame]) for name, curve in self._features.items()}


class OnsetPace:
    """How far the onsets in the sound of the dream `request` carry it from key to key.

    Raises `BadRequest` for a file that cannot be read, or in which there is nothing to hear.
    """

    def __init__(self, request: Dream, frames: int) -> None:
        assert request.audio is not None
        samples = decode_sound(Sound(path=Path(request.audio), start=request.audio_start))
        self._energy = onset_energy(analyse(samples))
        self._rate, self._smooth = float(request.rate), request.audio_smooth
        self.warnings = tuple(too_short(samples, frames, request.rate, "the pace is even"))

    def share(self, begin: float, end: float, frame: int) -> float:
        """Which share, 0..1, of the onsets between the frames `begin` and `end` has been heard at `frame`."""
        stretch = begin / self._rate, end / self._rate
        return float(onset_pace(self._energy, stretch, [frame / self._rate], self._smooth)[0])


def too_short(samples: Samples, frames: int, rate: Fraction, then: str) -> Iterator[RequestWarning]:
    """A line where the sound ends more than a frame before the film does."""
    heard, lasts = len(samples) / RATE, float(frames / rate)
    if (lasts - heard) * rate > 1.01:
        message = f"audio: the sound ends after {heard:.1f} s and the film after {lasts:.1f} s; from there on {then}"
        values = {"heard": round(heard, 1), "lasts": round(lasts, 1)}
        yield RequestWarning(code="sound-ends", field="audio", message=message, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Root mean squares (`amp`, and `bands` [hops, 3]: bass, mid, treble) and mel powers [hops, 40]; hop k lies at
    k · 512 / 22,050 seconds.
    """

    amp: Curve
    bands: Curve
    mel: Curve


def features(samples: Samples, frames: int, fps: Fraction) -> dict[str, NDArray[np.float32]]:
    """For each of `frames` pictures, values in 0..1 (float32): amp, bass, mid, treble, onset and beat.

    `samples`: mono at 22,050 Hz, as long as they may be; behind their end all is 0 but the beat, which goes on.
    amp and the bands (below 250 Hz, below 4 kHz, above) are root mean squares at the picture's time in relation to
    their own maximum; onset is how much of it falls between this picture and the next, in relation to the strongest;
    beat runs from 0 to 1 between beats, 0 throughout where there is no regular one. Every maximum is that of the whole
    sound, so that a shorter film is the beginning of a longer one.
    """
    spectrum = analyse(samples)
    clock = _clock(spectrum.amp)
    pictures = max(frames, math.ceil(clock[-1] * fps) + 1)
    edges: Curve = np.arange(pictures + 1, dtype=np.float64) / np.float64(fps)
    energy = onset_energy(spectrum)
    curves = scaled_bands(spectrum)
    times = edges[:frames]
    heard = {name: np.interp(times, clock, curve, right=0.0) for name, curve in curves.items()}
    onsets = np.diff(np.interp(edges, clock, np.cumsum(energy)))
    heard |= {"onset": _scaled(onsets, 1e-9)[:frames], "beat": beat_phase(energy, times)}
    return {name: np.clip(curve, 0, 1).astype(np.float32) for name, curve in heard.items()}


def scaled_bands(spectrum: Spectrum) -> dict[str, Curve]:
    """amp, bass, mid and treble at every hop, each in relation to its own maximum."""
    loudest = float(spectrum.bands.max(initial=0.0))
    curves = {"amp": _scaled(spectrum.amp, SILENT)}
    for name, band in zip(("bass", "mid", "treble"), spectrum.bands.T, strict=True):
        curves[name] = _scaled(band, max(SILENT, WEAK_BAND * loudest))
    return curves


def analyse(samples: Samples) -> Spectrum:
    """The short-time spectra of mono `samples` at 22,050 Hz, summed up in bands."""
    padded = np.pad(np.asarray(samples, np.float32), WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    shape = np.hanning(WINDOW + 1)[:-1]
    frequencies: Curve = np.asarray(np.fft.rfftfreq(WINDOW, 1 / RATE), np.float64)
    groups = [frequencies < BASS_BELOW, (frequencies >= BASS_BELOW) & (frequencies < TREBLE_ABOVE)]
    sums = np.stack([*groups, frequencies >= TREBLE_ABOVE], axis=1).astype(np.float64)
    mel = mel_filters(frequencies)
    bands, mels = [], []
    for begin in range(0, len(windows), AT_ONCE):
        power = np.abs(np.fft.rfft(windows[begin : begin + AT_ONCE] * shape)) ** 2
        bands.append(power @ sums)
        mels.append(power @ mel)
    # Parseval, for one side of the spectrum: the mean square of the windowed samples, the window's own taken out
    squares = np.concatenate(bands) * 2 / (WINDOW * float(np.sum(shape**2)))
    return Spectrum(amp=np.sqrt(squares.sum(axis=1)), bands=np.sqrt(squares), mel=np.concatenate(mels))


def mel_filters(frequencies: Curve) -> Curve:
    """Triangles [frequencies, 40], evenly spaced in mel (O'Shaughnessy: 2595 log10(1 + f / 700))."""
    top = 2595 * np.log10(1 + frequencies[-1] / 700)
    corners = 700 * (10 ** (np.linspace(0, top, MEL_BANDS + 2) / 2595) - 1)
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    f = frequencies[:, None]
    return np.clip(np.minimum((f - low) / (middle - low), (high - f) / (high - middle)), 0, None)


def onset_energy(spectrum: Spectrum) -> Curve:
    """How much the logarithms of the mel bands rise from hop to hop, summed over the bands; 0 in silence."""
    loudest = float(spectrum.mel.max(initial=0.0))
    if float(spectrum.amp.max(initial=0.0)) < SILENT:
        return np.zeros(len(spectrum.amp))
    levels = np.log(spectrum.mel + ONSET_FLOOR * loudest)
    return np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0).sum(axis=1)


def onset_pace(energy: Curve, stretch: tuple[float, float], times: Sequence[float], smooth: float = 0.0) -> Curve:
    """Which share (0..1) of the onset energy of `stretch` (begin, end in seconds) has been heard at each of `times`.

    `smooth` 0..1 mixes in an even pace. Silence gives an even pace; behind the end of the sound its mean energy goes
    on evenly.
    """
    begin, end = stretch
    at = np.asarray([begin, end, *times], np.float64)
    clock, total = _clock(energy), np.cumsum(energy)
    mean = total[-1] / clock[-1] if len(clock) > 1 else 0.0
    heard = np.interp(at, clock, total) + mean * np.maximum(at - clock[-1], 0)
    even = np.clip((at[2:] - begin) / (end - begin), 0, 1)
    if heard[1] - heard[0] <= 1e-9 * (1 + total[-1]):
        return even
    share = np.clip((heard[2:] - heard[0]) / (heard[1] - heard[0]), 0, 1)
    return (1 - smooth) * share + smooth * even


def beat_phase(energy: Curve, times: Curve) -> Curve:
    """Where each of `times` lies between two beats, 0 at a beat and towards 1 before the next; 0 without a beat."""
    period = beat_period(energy)
    if period is None:
        return np.zeros(len(times))
    return np.mod(np.asarray(times) / period - _first_beat(energy, period), 1.0)


def beat_times(energy: Curve, seconds: float) -> Curve:
    """When the beat falls in a sound of so many `seconds`, in seconds; nowhere without a regular one."""
    period = beat_period(energy)
    if period is None:
        return np.zeros(0)
    first = _first_beat(energy, period) % 1.0 * period
    return first + period * np.arange(max(math.ceil((seconds - first) / period), 0), dtype=np.float64)


def _first_beat(energy: Curve, period: float) -> float:
    """Where in its period the beat falls, in periods."""
    turn = np.sum(energy * np.exp(2j * np.pi * _clock(energy) / period))
    return float(np.angle(turn) / (2 * np.pi))


def beat_period(energy: Curve) -> float | None:
    """Seconds between beats (60 to 200 a minute, those near 120 preferred), from the autocorrelation of the onsets."""
    slow, fast = (round(60 / tempo * RATE / HOP) for tempo in (SLOWEST, FASTEST))
    if len(energy) < 2 * slow:
        return None
    centred = energy - energy.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: slow + 1]
    lags = np.arange(fast, slow + 1)
    preference = np.exp(-0.5 * np.log2(60 * RATE / HOP / lags / USUAL) ** 2)
    best = int(np.argmax(likeness[lags] * preference))
    if likeness[0] <= 0 or likeness[lags[best]] < 0.1 * likeness[0]:
        return None
    # A hop is too coarse a step: the period that keeps the whole piece in phase is the right one.
    clock, coarse = _clock(energy), float(lags[best]) * HOP / RATE
    step = coarse / max(clock[-1], 1.0) / 4
    near = coarse * (1 + np.arange(-0.03, 0.03, step))
    return float(max(near, key=lambda period: abs(np.sum(energy * np.exp(2j * np.pi * clock / period)))))


def _clock(curve: Curve) -> Curve:
    """The time of each hop in seconds."""
    return np.arange(len(curve), dtype=np.float64) * np.float64(HOP / RATE)


def _scaled(curve: Curve, least: float) -> Curve:
    """`curve` in relation to its maximum, or to `least` where it never gets that high."""
    return curve / max(float(curve.max(initial=0.0)), least)
